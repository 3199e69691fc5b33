// The life of the connection below a session: it is made, lost, made again, given up.
#include "mcp_client/session.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mcp::protocol {
namespace {

/// Newest first.
constexpr std::array<std::string_view, 4> versions{"2025-11-25", "2025-06-18", "2025-03-26",
                                                   "2024-11-05"};

json introduction() {
  return {{"protocolVersion", versions.front()},
          {"capabilities", json::object()},
          {"clientInfo", {{"name", "FastMCP"}, {"version", "0.1"}}}};
}

}  // namespace

transport_events session::heard() {
  const auto with = [weak = weak_from_this()](auto work) {
    return [weak, work](auto... given) {
      if (const auto self = weak.lock()) work(*self, std::move(given)...);
    };
  };
  return {
      .on_message = with([](session& self, std::string_view text) { self.received(text); }),
      .on_closed = with([](session& self, error why) {
        self.locked([&](calls& later) { self.lost(std::move(why), later); });
      }),
      .on_lost = with([](session& self, rpc_id id, error why) {
        self.locked([&](calls& later) {
          if (self.rpc_.forget(id)) self.finish(id, self.named(why), later);
        });
      }),
      .on_expired =
          with([](session& self) { self.locked([&](calls& later) { self.expired(later); }); }),
      .on_unexecuted = with([](session& self, rpc_id id, std::string text) {
        self.locked([&](calls& later) { self.unexecuted(id, std::move(text), later); });
      }),
      .on_log = events_.on_log,
  };
}

void session::start(const make_transport& make) {
  auto made = make(heard());
  locked([&](calls& later) {
    transport_ = std::move(made);
    begin(false, later);
  });
}

void session::begin(bool same_server, calls& later) {
  if (phase_ == phase::ended) return;
  ++starts_;
  phase_ = phase::handshake;
  if (same_server) {
    transport_->renew();
  } else {
    transport_->open();
  }
  const rpc_patience patience{options_.connect_timeout, options_.connect_timeout};
  auto hello = rpc_.request("initialize", introduction(), patience, false, loop_.now());
  requests_[hello.id] = {};
  hello_ = hello.id;
  if (!transport_->send(std::move(hello.text), hello.id)) {
    lost(error{errc::overloaded, "the first message cannot be sent"}, later);
  }
}

void session::shaken(const outcome& answer, calls& later) {
  if (const auto* failure = std::get_if<error>(&answer)) return lost(*failure, later);
  server_ = std::get<json>(answer);
  const auto given = server_.is_object() ? server_.value("protocolVersion", json{}) : json{};
  if (!given.is_string() ||
      std::find(versions.begin(), versions.end(), given.get<std::string>()) == versions.end()) {
    return give_up(error{errc::malformed_answer,
                         "it speaks no version of the Model Context Protocol that we know"},
                   later);
  }
  version_ = given.get<std::string>();
  phase_ = phase::ready;
  transport_->established(version_);
  notify("notifications/initialized", nullptr);
  send_waiting(later);
  if (events_.on_ready) later.push_back(events_.on_ready);
}

void session::send_waiting(calls& later) {
  std::vector<rpc_id> unsent;
  for (auto& [id, waiting] : requests_) {
    if (waiting.text.empty()) continue;
    if (transport_->send(std::exchange(waiting.text, {}), id)) continue;
    static_cast<void>(rpc_.forget(id));
    unsent.push_back(id);
  }
  for (const auto id : unsent) {
    finish(id, named(error{errc::overloaded, "too much waits to be sent"}), later);
  }
}

void session::fail_sent(const error& why, calls& later) {
  std::vector<rpc_id> sent;
  for (const auto& [id, one] : requests_) {
    if (one.text.empty()) sent.push_back(id);
  }
  for (const auto id : sent) {
    static_cast<void>(rpc_.forget(id));
    finish(id, why, later);
  }
}

void session::lost(error why, calls& later) {
  if (phase_ != phase::handshake && phase_ != phase::ready) return;
  phase_ = phase::waiting;
  transport_->close();
  fail_sent(error{errc::connection_failed, why.message()}, later);
  const auto wait = restarts_.next(loop_.now());
  // Another try would end in the same way.
  const bool hopeless = why.code() == errc::unauthorized || why.code() == errc::malformed_answer ||
                        why.code() == errc::invalid_argument;  // there is no such program
  if (!wait || hopeless) return give_up(why, later);
  begin_after(*wait, false);
}

void session::begin_after(std::chrono::milliseconds wait, bool same_server) {
  phase_ = phase::waiting;
  loop_.call_at(loop_.now() + wait, [weak = weak_from_this(), same_server] {
    const auto self = weak.lock();
    if (!self) return;
    self->locked([&](calls& later) {
      if (self->phase_ == phase::waiting) self->begin(same_server, later);
    });
  });
}

void session::expired(calls& later) {
  if (phase_ != phase::ready) return;
  if (const auto wait = restarts_.next(loop_.now())) return begin_after(*wait, true);
  give_up(error{errc::connection_failed, "the server has ended the session too often"}, later);
}

void session::unexecuted(rpc_id id, std::string text, calls& later) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  if (std::exchange(found->second.resent, true)) {
    static_cast<void>(rpc_.forget(id));
    const error why{errc::connection_failed, "the server has ended the session, twice"};
    return finish(id, why, later);
  }
  found->second.text = std::move(text);
  if (phase_ == phase::ready) send_waiting(later);
}

void session::give_up(const error& why, calls& later) {
  phase_ = phase::ended;
  end_ = why;
  if (transport_) transport_->close();
  for (auto& [id, one] : requests_) one.text.clear();
  fail_sent(why, later);
  if (events_.on_given_up) {
    later.emplace_back([tell = events_.on_given_up, end = named(why)] { tell(end); });
  }
}

void session::notify(const std::string& method, json params) {
  static_cast<void>(transport_->send(json_rpc::notification(method, std::move(params)), {}));
}

}  // namespace mcp::protocol
