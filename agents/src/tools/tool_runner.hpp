#pragma once

#include "io/event_loop.hpp"
#include "io/thread_pool.hpp"
#include "mcp/agents/tool.hpp"
#include "tools/result_cache.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace mcp::tools {

class tool_call_run;

/// What is called, and for whom.
struct call_request {
  std::string call_id{};
  std::string idempotency_key{};
  std::string arguments{};          ///< JSON text
  mcp::context* context = nullptr;  ///< not null; lives as long as the handler
};

/// How a call ended: exactly one of the two is set.
struct call_end {
  std::optional<tool_result> result{};
  std::optional<failure> failed{};
};
/// Called once, from any thread. Kept until the tool has let go of the call.
using call_handler = std::function<void(call_end)>;

/// A call under way. Letting go of it does not stop the call.
class running_call {
 public:
  running_call() = default;
  running_call(const running_call&) = delete;
  running_call& operator=(const running_call&) = delete;
  virtual ~running_call() = default;
  /// Stops the work; the handler hears `cancelled` unless the call had ended. Safe from any thread,
  /// idempotent.
  virtual void cancel() = 0;
};

/// Runs the calls of one tool, with its timeout, retries, limits and cache. Safe from any thread.
class tool_runner : public std::enable_shared_from_this<tool_runner> {
 public:
  /// `loop` and `pool` must outlive the runner.
  tool_runner(std::shared_ptr<mcp::tool> what, io::event_loop& loop, io::thread_pool& pool);

  [[nodiscard]] const std::shared_ptr<mcp::tool>& what() const noexcept { return what_; }
  /// Starts a call; everything else, errors included, reaches the handler, perhaps before this
  /// returns.
  std::shared_ptr<running_call> start(call_request request, call_handler on_end);

  // For the calls.

  /// True: an attempt has a place and begins. False: it begins when its turn comes. Throws
  /// `overloaded`.
  [[nodiscard]] bool admit(const std::shared_ptr<tool_call_run>& call);
  /// An attempt gives back its place.
  void release();
  /// The call does not wait for its turn any more.
  void forget(const tool_call_run& call);
  /// Remembers a result, if the tool has a cache.
  void keep(const std::string& arguments, const tool_result& result);
  [[nodiscard]] io::event_loop& loop() const noexcept { return loop_; }
  [[nodiscard]] io::thread_pool& pool() const noexcept { return pool_; }

 private:
  /// Frees a place, or gives it to the call that is returned.
  [[nodiscard]] std::shared_ptr<tool_call_run> after_one();
  [[nodiscard]] std::optional<tool_result> cached(const std::string& arguments);

  const std::shared_ptr<mcp::tool> what_;
  io::event_loop& loop_;
  io::thread_pool& pool_;
  std::mutex mutex_;
  std::size_t active_ = 0;
  std::deque<std::shared_ptr<tool_call_run>> waiting_;
  result_cache cache_;
};

}  // namespace mcp::tools
