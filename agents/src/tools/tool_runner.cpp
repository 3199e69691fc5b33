#include "tools/tool_runner.hpp"

#include "tools/tool_call_run.hpp"

#include <algorithm>
#include <utility>

namespace mcp::tools {
namespace {

std::string cache_key(const std::string& arguments) {
  try {
    return json_to_cbor(arguments);
  } catch (const error&) {
    return arguments;
  }
}

}  // namespace

tool_runner::tool_runner(std::shared_ptr<mcp::tool> what, io::event_loop& loop,
                         io::thread_pool& pool)
    : what_(std::move(what)),
      loop_(loop),
      pool_(pool),
      cache_(what_->options().cache.value_or(cache_policy{})) {}

std::shared_ptr<running_call> tool_runner::start(call_request request, call_handler on_end) {
  const auto call =
      std::make_shared<tool_call_run>(shared_from_this(), std::move(request), std::move(on_end));
  const auto& arguments = call->request().arguments;
  if (arguments.size() > max_tool_arguments_bytes) {
    call->end({.failed = failure{.error = error{errc::invalid_tool_call,
                                                "the arguments have more than " +
                                                    std::to_string(max_tool_arguments_bytes) +
                                                    " bytes"}}});
  } else if (auto found = cached(arguments)) {
    call->end({.result = std::move(found)});
  } else {
    call->enter();
  }
  return call;
}

bool tool_runner::admit(const std::shared_ptr<tool_call_run>& call) {
  const auto& options = what_->options();
  const std::lock_guard lock{mutex_};
  if (options.concurrency == 0 || active_ < options.concurrency) {
    ++active_;
    return true;
  }
  if (waiting_.size() >= options.queue) {
    throw error{errc::overloaded, std::to_string(waiting_.size()) +
                                      " calls wait already, the limit of tool_options::queue"};
  }
  waiting_.push_back(call);
  return false;
}

void tool_runner::release() {
  auto next = after_one();
  while (next) {
    try {
      // Through the loop: a long queue of short calls must not become a deep stack.
      loop_.call_at(loop_.now(), [next] { next->begin(); });
      return;
    } catch (const error& refused) {
      next->end({.failed = failure{.error = refused}});
    }
    next = after_one();
  }
}

std::shared_ptr<tool_call_run> tool_runner::after_one() {
  const std::lock_guard lock{mutex_};
  --active_;
  if (waiting_.empty()) return nullptr;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  ++active_;
  return next;
}

void tool_runner::forget(const tool_call_run& call) {
  std::shared_ptr<tool_call_run> forgotten;
  const std::lock_guard lock{mutex_};
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&call](const auto& one) { return one.get() == &call; });
  if (found == waiting_.end()) return;
  forgotten = std::move(*found);
  waiting_.erase(found);
}

std::optional<tool_result> tool_runner::cached(const std::string& arguments) {
  if (!what_->options().cache) return std::nullopt;
  const auto key = cache_key(arguments);
  const std::lock_guard lock{mutex_};
  return cache_.find(key, loop_.now());
}

void tool_runner::keep(const std::string& arguments, const tool_result& result) {
  if (!what_->options().cache) return;
  auto key = cache_key(arguments);
  const std::lock_guard lock{mutex_};
  cache_.put(std::move(key), result, loop_.now());
}

}  // namespace mcp::tools
