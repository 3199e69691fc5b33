#include "providers/http_exchange.hpp"

#include "providers/http_model.hpp"

#include <algorithm>
#include <cctype>
#include <exception>
#include <utility>

namespace mcp::providers {
namespace {

constexpr std::size_t kept_of_error = 64UL << 10;  // bytes of an error's body that are read
constexpr std::size_t kept_of_stream = 4UL << 10;  // bytes of a stream kept for messages
constexpr std::size_t shown_of_answer = 200;       // bytes of a malformed answer in its error
constexpr std::size_t longest_message = 2000;      // bytes of an error's message

std::string lower(std::string_view text) {
  std::string made{text};
  std::transform(made.begin(), made.end(), made.begin(), [](char letter) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  });
  return made;
}

model_failure lasting(error what) {
  return {.error = std::move(what), .passing = false, .retry_after = {}};
}

}  // namespace

http_exchange::http_exchange(std::shared_ptr<const exchange_setup> setup, chat_request request,
                             chat_handler handler)
    : setup_(std::move(setup)), request_(std::move(request)), handler_(std::move(handler)) {}

void http_exchange::head(const io::http_head& head) {
  head_ = head;
  guarded([this] { check_type(); });
}

void http_exchange::check_type() {
  const auto type = lower(head_.find("content-type"));
  if (head_.status != 200) {
    kind_ = kind::refused;
  } else if (streamed() && type.starts_with("text/event-stream")) {
    kind_ = kind::stream;
    reader_ = setup_->wire->reader(request_);
  } else if (type.empty() || type.find("json") != std::string::npos) {
    kind_ = kind::whole;  // also from a server that does not stream though it was asked to
  } else {
    kind_ = kind::none;  // said when its beginning can be shown
  }
}

bool http_exchange::data(std::string_view bytes) {
  if (ended_)
    return !failed_;  // a stream that is done is read to its end, for its connection's sake
  const auto most = kind_ == kind::whole     ? setup_->max_answer_bytes
                    : kind_ == kind::refused ? kept_of_error
                                             : kept_of_stream;
  body_ += bytes.substr(0, most - std::min(most, body_.size()));
  if (kind_ == kind::stream) guarded([&] { read_events(bytes); });
  if (kind_ == kind::none && body_.size() >= shown_of_answer) end({});
  return !failed_;
}

void http_exchange::read_events(std::string_view bytes) {
  events_.feed(bytes, [this](const sse_event& event) {
    if (!ended_ && !reader_->done()) reader_->read(event, handler_.on_delta);
  });
  if (!ended_ && reader_->done()) finish_stream();
}

void http_exchange::end(io::http_end how) {
  if (ended_) return;
  if (how.failure) {
    auto what = std::move(*how.failure);
    if (what.code() == errc::too_large) {
      what = error{errc::malformed_answer, what.message() + " (max_answer_bytes, " +
                                               std::to_string(setup_->max_answer_bytes) + ")"};
    }
    return fail({.error = std::move(what), .passing = how.passing, .retry_after = {}});
  }
  guarded([this] {
    if (kind_ == kind::whole) return finish_whole();
    if (kind_ == kind::stream) return finish_stream();
    if (kind_ == kind::refused) {
      return fail(failure_of_status(head_, body_, std::chrono::system_clock::now()));
    }
    throw error{errc::malformed_answer,
                "the answer's content type is \"" + std::string{head_.find("content-type")} +
                    "\", not " + (streamed() ? "text/event-stream" : "application/json")};
  });
}

void http_exchange::finish_whole() {
  auto answer = setup_->wire->read(body_, request_);
  if (streamed()) {
    const auto& reply = answer.reply;
    if (!reply.content.empty()) {
      handler_.on_delta({.what = chat_delta::kind::text, .text = reply.content});
    }
    for (std::size_t i = 0; i < reply.tool_calls.size(); ++i) {
      const auto& call = reply.tool_calls[i];
      handler_.on_delta({.what = chat_delta::kind::tool_call,
                         .text = call.arguments,
                         .index = i,
                         .id = call.id,
                         .name = call.name});
    }
  }
  succeed(std::move(answer));
}

void http_exchange::finish_stream() {
  if (reader_->complete()) return succeed(reader_->take());
  fail({.error = error{errc::connection_failed, "the stream ended before the answer was whole"},
        .passing = true,
        .retry_after = {}});
}

template <class Work>
void http_exchange::guarded(Work&& work) {
  try {
    work();
  } catch (const reported_failure& reported) {
    fail(reported.failure());
  } catch (const error& failure) {
    if (failure.code() != errc::malformed_answer || body_.empty()) return fail(lasting(failure));
    // The secrets go first: cut in half they would not be found.
    const auto start = presentable(body_, setup_->secrets, shown_of_answer);
    fail(lasting({failure.code(), failure.message() + "; it begins: " + start}));
  } catch (const std::exception& failure) {
    fail(lasting({errc::node_failed, failure.what()}));
  }
}

void http_exchange::succeed(chat_answer answer) {
  close({.answer = std::move(answer), .failure = {}});
}

void http_exchange::fail(model_failure failure) {
  failed_ = !ended_;
  auto text = setup_->wire->name() + ": " + failure.error.message();
  if (failure.error.code() == errc::unauthorized) text += setup_->key_note;
  failure.error = error{failure.error.code(), presentable(text, setup_->secrets, longest_message)};
  close({.answer = {}, .failure = std::move(failure)});
}

void http_exchange::close(chat_outcome outcome) {
  if (std::exchange(ended_, true)) return;
  // Not the handler as a whole: it may be running now, further up the stack.
  if (const auto on_end = std::exchange(handler_.on_end, {})) on_end(std::move(outcome));
}

}  // namespace mcp::providers
