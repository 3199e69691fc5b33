#include "tools/tool_attempt.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

namespace mcp::tools {
namespace {

/// The exception being handled, as a failure of the tool.
failure present_failure() {
  const auto made = [](error what, bool logic) {
    return failure{std::move(what), std::current_exception(), logic};
  };
  try {
    throw;
  } catch (const interrupt_signal&) {
    return made({errc::tool_failed, "a tool cannot ask; use tool_options::approval"}, true);
  } catch (const error& what) {
    return made(what, false);
  } catch (const std::logic_error& what) {
    return made({errc::tool_failed, what.what()}, true);
  } catch (const std::exception& what) {
    return made({errc::tool_failed, what.what()}, false);
  } catch (...) {
    return made({errc::tool_failed, "threw something that is no std::exception"}, false);
  }
}

}  // namespace

tool_attempt::~tool_attempt() {
  static_cast<void>(fail(
      {.error = error{errc::reply_dropped, "the tool let go of its reply without an answer"}}));
}

bool tool_attempt::done(tool_result result) {
  return answer({.result = std::move(result)});
}

bool tool_attempt::fail(failure reason) {
  return answer({.failed = std::move(reason)});
}

bool tool_attempt::answer(call_end end) {
  if (answered_.exchange(true)) return false;
  std::vector<std::function<void()>> forgotten;
  {
    const std::lock_guard lock{mutex_};
    forgotten.swap(stops_);
  }
  owner_->answered(number_, std::move(end));
  vacate();
  return true;
}

bool tool_attempt::cancelled() const noexcept {
  return stopped_.load(std::memory_order_acquire);
}

void tool_attempt::on_cancel(std::function<void()> stop) {
  {
    const std::lock_guard lock{mutex_};
    if (answered_) return;
    if (!stopped_) {
      stops_.push_back(std::move(stop));
      return;
    }
  }
  stop();
}

void tool_attempt::stop() {
  std::vector<std::function<void()>> stops;
  {
    const std::lock_guard lock{mutex_};
    stopped_.store(true, std::memory_order_release);
    stops.swap(stops_);
  }
  for (const auto& one : stops) one();
  // A function that blocks cannot be left: it still has its thread.
  if (!owner_->runner().what()->options().blocking) vacate();
}

void tool_attempt::vacate() {
  if (!vacated_.exchange(true)) owner_->runner().release();
}

void tool_attempt::run(const std::shared_ptr<tool_attempt>& self) {
  if (self->cancelled()) return;
  const auto& call = *self->owner_;
  try {
    call.runner().what()->start(call.request().arguments, tool_reply{self});
  } catch (...) {
    static_cast<void>(self->fail(present_failure()));
  }
}

}  // namespace mcp::tools
