// The answers' side of the line: what arrives, how calls end, and what follows.
#include "mcp_client/http_line.hpp"

namespace mcp::protocol {

void http_line::later(std::chrono::milliseconds wait, std::function<void()> task) const {
  try {
    client_.call_at(client_.now() + wait, std::move(task));
  } catch (const error&) {
    remark("too many timers: a call is left to its time limit");
  }
}

void http_line::remark(const std::string& text) const {
  if (events_.on_log) events_.on_log(text);
}

void http_line::headers(http_errand& what, const io::http_head& head) {
  what.take_head(head);
  const std::lock_guard lock{mutex_};
  loop_thread_ = std::this_thread::get_id();
  if (!session_.is_current(what.number)) return;
  const bool fine = what.verdict == http_verdict::stream || what.verdict == http_verdict::message;
  if (what.kind == http_kind::hello && fine) session_.named(head.find("mcp-session-id"));
  if (what.kind == http_kind::listen && fine) {
    session_.listening(http_session::stream::listening);
  }
}

bool http_line::data(http_errand& what, std::string_view piece) {
  {
    const std::lock_guard lock{mutex_};
    if (!session_.is_alive(what.number)) return false;
  }
  return what.take_data(piece, client_.now(), events_.on_message);
}

void http_line::ended(const errand& what, const io::http_end& how) {
  {
    const std::lock_guard lock{mutex_};
    errands_.erase(what);
    what->call.reset();
    if (!session_.is_alive(what->number)) return;
  }
  if (what->announces) go_on();
  if (what->verdict == http_verdict::expired) expired(what->number);
  if (what->kind == http_kind::listen) return listener_ended(what, how);
  if (what->kind == http_kind::probe) return probe_ended(*what);
  if (what->id != 0) request_ended(what, how);
}

/// Everything sent in this session will meet the same.
void http_line::expired(std::uint64_t number) {
  {
    const std::lock_guard lock{mutex_};
    if (!session_.is_current(number) || !session_.expire()) return;
  }
  events_.on_expired();
}

void http_line::listener_ended(const errand& what, const io::http_end& how) {
  using stream = http_session::stream;
  const bool heard = what->verdict == http_verdict::stream;
  // What was too much is sent again, if we ask again.
  const bool too_much = heard && how.failure && how.failure->code() == errc::too_large;
  const bool useless = too_much || what->verdict == http_verdict::no_stream ||
                       what->verdict == http_verdict::expired ||
                       what->verdict == http_verdict::refused;
  {
    const std::lock_guard lock{mutex_};
    if (!session_.is_current(what->number)) return;
    if (useless) session_.listening(stream::absent);
  }
  if (too_much) remark("its stream of notifications is left: " + how.failure->message());
  if (useless || again(what)) return;
  const std::lock_guard lock{mutex_};
  if (session_.is_current(what->number)) session_.listening(stream::given_up);
}

void http_line::request_ended(const errand& what, const io::http_end& how) {
  bool settled = false;
  const auto look = [&] {
    const std::lock_guard lock{mutex_};
    settled = what->settled;
    return settled;
  };
  if (!how.failure && !what->body().empty()) events_.on_message(what->body());
  if (!look()) request_failed(what, how);
  if (!settled) return;
  const std::lock_guard lock{mutex_};
  if (session_.is_current(what->number) && session_.lives()) listen();
}

void http_line::request_failed(const errand& what, const io::http_end& how) {
  const auto verdict = what->verdict;
  if (verdict == http_verdict::expired && what->kind == http_kind::request) {
    return events_.on_unexecuted(what->id, std::move(what->message));
  }
  if (verdict == http_verdict::expired) {
    return events_.on_lost(what->id, error{errc::connection_failed,
                                           "the server has ended the session during the call"});
  }
  if (is_doubtful(what->kind, what->reply())) return probe(what);
  const bool too_much = how.failure && how.failure->code() == errc::too_large;
  const bool broken = verdict == http_verdict::stream ||
                      (what->kind == http_kind::resume && verdict == http_verdict::passing);
  if (broken && !too_much && !what->stream.last_id().empty() && again(what)) return;
  const bool silent = what->reply().status == 0;
  const bool whole = verdict == http_verdict::message || verdict == http_verdict::stream;
  if (how.failure && (silent || whole)) return events_.on_lost(what->id, *how.failure);
  events_.on_lost(what->id, failure_of(what->reply()));
}

/// Asks something harmless in the same session.
void http_line::probe(const errand& doubted) {
  const auto made = std::make_shared<http_errand>(
      http_kind::probe, 0,
      R"({"jsonrpc":"2.0","id":"probe-)" + std::to_string(doubted->id) + R"(","method":"ping"})");
  made->number = doubted->number;
  made->session = doubted->session;
  made->version = doubted->version;
  made->doubted = doubted;
  const std::lock_guard lock{mutex_};
  errands_.insert(made);
  launch(made);
}

void http_line::probe_ended(const http_errand& what) {
  auto& doubted = *what.doubted;
  if (what.verdict == http_verdict::expired) {
    events_.on_unexecuted(doubted.id, std::move(doubted.message));
  } else {
    events_.on_lost(doubted.id, failure_of(doubted.reply()));
  }
}

/// Takes a stream up again, after a while. False: it was tried often enough.
bool http_line::again(const errand& what) {
  const auto pause = what->stream.broken();
  if (!pause) return false;
  const std::lock_guard lock{mutex_};
  what->becomes_resumption();
  errands_.insert(what);  // so that it can be settled while it waits
  later(*pause, [self = shared_from_this(), what] {
    const std::lock_guard inner{self->mutex_};
    if (!self->session_.is_alive(what->number)) return;
    const bool stale = what->kind == http_kind::listen && !self->session_.is_current(what->number);
    if (what->settled || stale) {
      self->errands_.erase(what);
    } else {
      what->heard_before = self->session_.heard_before();
      self->launch(what);
    }
  });
  return true;
}

}  // namespace mcp::protocol
