#include "mcp_client/session.hpp"

#include <utility>

namespace mcp::protocol {
session::session(session_options options, session_events events, io::event_loop& loop)
    : options_(std::move(options)),
      events_(std::move(events)),
      loop_(loop),
      rpc_(options_.limits),
      restarts_(options_.restarts, options_.restart_period) {}

rpc_id session::call(const std::string& method, json params, std::function<void(outcome)> on_end,
                     std::function<void(const rpc_progressed&)> on_progress) {
  rpc_id made = 0;
  locked([&](calls& later) {
    const auto refuse = [&](const error& why) {
      later.emplace_back([on_end, why = named(why)] { on_end(why); });
    };
    if (phase_ == phase::ended) {
      return refuse(end_.value_or(error{errc::connection_failed, "it was disconnected"}));
    }
    try {
      auto message = rpc_.request(method, std::move(params), options_.patience,
                                  static_cast<bool>(on_progress), loop_.now());
      request entry{.on_end = on_end, .on_progress = std::move(on_progress)};
      if (phase_ != phase::ready) {
        entry.text = std::move(message.text);
      } else if (!transport_->send(std::move(message.text), message.id)) {
        static_cast<void>(rpc_.forget(message.id));
        return refuse(error{errc::overloaded, "too much waits to be sent"});
      }
      made = message.id;
      requests_.emplace(made, std::move(entry));
    } catch (const error& why) {
      refuse(why);
    }
  });
  return made;
}

void session::cancel(rpc_id id) {
  locked([&](calls& later) {
    if (!rpc_.forget(id)) return;
    const auto found = requests_.find(id);
    const bool sent = found != requests_.end() && found->second.text.empty();
    if (sent && phase_ == phase::ready) {
      static_cast<void>(transport_->send(
          json_rpc::cancellation(id, "the result is not wanted any more"), std::nullopt));
    }
    finish(id, error{errc::cancelled, "the call was cancelled"}, later);
    if (transport_) transport_->settled(id, false);
  });
}

void session::stop() {
  std::unique_ptr<transport> gone;
  locked([&](calls& later) {
    if (phase_ != phase::ended) {
      give_up(error{errc::connection_failed, "it was disconnected"}, later);
    }
    gone = std::move(transport_);
  });
}

void session::received(std::string_view text) {
  locked([&](calls& later) {
    if (phase_ == phase::ended) return;
    const auto malformed = rpc_.counts().malformed;
    for (auto& event : rpc_.receive(text, loop_.now())) take(event, later);
    if (rpc_.counts().malformed != malformed && events_.on_log) {
      later.emplace_back(
          [log = events_.on_log] { log("a message that is no JSON-RPC was dropped"); });
    }
  });
}

void session::take(rpc_event& event, calls& later) {
  if (auto* answer = std::get_if<rpc_answered>(&event)) {
    if (transport_) transport_->settled(answer->id, true);
    finish(answer->id, std::move(answer->outcome), later);
  } else if (const auto* progress = std::get_if<rpc_progressed>(&event)) {
    const auto found = requests_.find(progress->id);
    if (found == requests_.end() || !found->second.on_progress) return;
    later.emplace_back([tell = found->second.on_progress, what = *progress] { tell(what); });
  } else if (const auto* question = std::get_if<rpc_asked>(&event)) {
    asked(*question);
  } else if (auto* told = std::get_if<rpc_notified>(&event)) {
    if (phase_ != phase::ready || !events_.on_notification) return;
    later.emplace_back([tell = events_.on_notification, what = std::move(*told)] {
      tell(what.method, what.params);
    });
  }
}

void session::asked(const rpc_asked& question) {
  if (!transport_) return;
  auto text = question.method == "ping"
                  ? json_rpc::answer(question.id, json::object())
                  : json_rpc::refusal(question.id, method_not_found,
                                      "this client does not offer \"" + question.method + "\"");
  // A server that asks faster than it reads gets no answer.
  static_cast<void>(transport_->send(std::move(text), std::nullopt));
}

void session::finish(rpc_id id, outcome how, calls& later) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  auto on_end = std::move(found->second.on_end);
  requests_.erase(found);
  if (id == hello_) {
    if (phase_ == phase::handshake) shaken(how, later);
    return;
  }
  if (auto* failure = std::get_if<error>(&how)) *failure = named(*failure);
  later.emplace_back([on_end = std::move(on_end), how = std::move(how)] { on_end(how); });
}

void session::arm() {
  const auto due = phase_ == phase::ended ? std::nullopt : rpc_.next_deadline();
  if (!due || (armed_ && *armed_ <= *due)) return;
  if (armed_) loop_.forget(timer_);
  armed_ = due;
  timer_ = loop_.call_at(*due, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->timer();
  });
}

void session::timer() {
  locked([&](calls& later) {
    armed_.reset();
    for (auto& late : rpc_.expired(loop_.now())) {
      if (phase_ == phase::ready) {
        static_cast<void>(
            transport_->send(json_rpc::cancellation(late.id, "no answer in time"), std::nullopt));
      }
      if (transport_) transport_->settled(late.id, false);
      finish(late.id, std::move(late.outcome), later);
    }
  });
}

error session::named(const error& why) const {
  const auto prefix = "MCP server \"" + options_.name + "\": ";
  if (why.message().starts_with(prefix)) return why;
  return error{why.code(), prefix + why.message()};
}

std::string session::version() const {
  const std::lock_guard lock{mutex_};
  return version_;
}

json session::server() const {
  const std::lock_guard lock{mutex_};
  return server_;
}

rpc_counts session::counts() const {
  const std::lock_guard lock{mutex_};
  return rpc_.counts();
}

std::uint64_t session::starts() const {
  const std::lock_guard lock{mutex_};
  return starts_;
}

}  // namespace mcp::protocol
