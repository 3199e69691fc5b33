#include "providers/http_model.hpp"

#include "providers/http_exchange.hpp"
#include "providers/model_around.hpp"

#include <utility>

namespace mcp::providers {
namespace {

/// A call whose handler has heard its end already has none below it.
class http_model_call final : public chat_call {
 public:
  explicit http_model_call(std::shared_ptr<io::http_call> call) : call_(std::move(call)) {}
  void cancel() override {
    if (call_) call_->cancel();
  }

 private:
  std::shared_ptr<io::http_call> call_;
};

class model final : public chat_model, public keeps_secrets {
 public:
  model(std::shared_ptr<const chat_wire> wire, model_endpoint endpoint, api_key key,
        io::http_client& client)
      : endpoint_(std::move(endpoint)), key_(std::move(key)), client_(client) {
    exchange_setup setup{.wire = std::move(wire),
                         .secrets = {key_.value},
                         .key_note = key_.value.empty() ? " (no key was sent)"
                                                        : " (the key is from " + key_.source + ")",
                         .max_answer_bytes = endpoint_.max_answer_bytes};
    constexpr std::size_t shortest_secret = 8;
    for (const auto& [name, value] : endpoint_.headers) {
      if (value.size() >= shortest_secret) setup.secrets.push_back(value);
    }
    setup_ = std::make_shared<const exchange_setup>(std::move(setup));
  }

  [[nodiscard]] const std::string& name() const noexcept override { return setup_->wire->name(); }
  [[nodiscard]] std::string account() const override {
    const auto place = io::place_of(endpoint_.base_url);
    return name() + " at " + (place ? place->text() : endpoint_.base_url) +
           (key_.source.empty() ? "" : " with the key from " + key_.source);
  }
  [[nodiscard]] std::vector<std::string> secrets() const override { return setup_->secrets; }
  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override;

 private:
  [[nodiscard]] io::http_request http_request(const http_exchange& exchange) const;

  model_endpoint endpoint_;
  api_key key_;
  io::http_client& client_;
  std::shared_ptr<const exchange_setup> setup_;
};

io::http_request model::http_request(const http_exchange& exchange) const {
  const auto& wire = *setup_->wire;
  const auto& times = endpoint_.timeouts;
  io::http_request made{.method = "POST",
                        .url = endpoint_.base_url + std::string{wire.path()},
                        .headers = wire.headers(key_.value),
                        .body = wire.body(exchange.request(), exchange.streamed()),
                        .timeouts = {.connect = times.connect,
                                     .first_byte = times.first_byte,
                                     .idle = times.idle,
                                     .total = times.total},
                        .max_body = endpoint_.max_answer_bytes,
                        .ca_file = endpoint_.ca_file};
  made.headers.push_back({"Content-Type", "application/json"});
  made.headers.push_back(
      {"Accept", exchange.streamed() ? "text/event-stream, application/json" : "application/json"});
  if (const auto& place = exchange.request().tag.traceparent; !place.empty()) {
    made.headers.push_back({"traceparent", place});
  }
  for (const auto& [name, value] : endpoint_.headers) made.headers.push_back({name, value});
  return made;
}

std::shared_ptr<chat_call> model::start(chat_request request, chat_handler handler) {
  const auto exchange =
      std::make_shared<http_exchange>(setup_, std::move(request), std::move(handler));
  try {
    if (!key_.missing.empty()) {
      exchange->fail({.error = error{errc::unauthorized, key_.missing}});
      return std::make_shared<http_model_call>(nullptr);
    }
    auto call = client_.start(
        http_request(*exchange),
        {.on_headers = [exchange](const io::http_head& head) { exchange->head(head); },
         .on_data = [exchange](std::string_view bytes) { return exchange->data(bytes); },
         .on_end = [exchange](io::http_end how) { exchange->end(std::move(how)); }});
    return std::make_shared<http_model_call>(std::move(call));
  } catch (const error& failure) {
    exchange->fail({.error = failure, .passing = false, .retry_after = {}});
  }
  return std::make_shared<http_model_call>(nullptr);
}

}  // namespace

io::url_place place_of_base(const model_endpoint& endpoint) {
  if (auto place = io::place_of(endpoint.base_url)) return std::move(*place);
  throw error{errc::invalid_argument, "base_url is not an http or https URL"};
}

std::shared_ptr<chat_model> http_model(std::shared_ptr<const chat_wire> wire,
                                       model_endpoint endpoint, api_key key,
                                       io::http_client& client) {
  while (endpoint.base_url.ends_with('/')) endpoint.base_url.pop_back();
  return std::make_shared<model>(std::move(wire), std::move(endpoint), std::move(key), client);
}

}  // namespace mcp::providers
