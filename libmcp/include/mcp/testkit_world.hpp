#pragma once

#include "mcp/executor_base.hpp"
#include "mcp/export.hpp"

#include <cstdint>
#include <functional>
#include <memory>

/// Executors and agents in virtual time, for tests: retries, timeouts, deadlines, breakers and
/// passivation without waiting, the same each time.
///     mcp::testkit::virtual_world world;
///     mcp::executor runs{graph, {.runtime = world.runtime()}};
///     runs.run(input);                         // tries again after 30 s
///     CHECK(world.elapsed() == std::chrono::seconds{30});
namespace mcp::testkit {

/// A runtime whose clock moves only when there is nothing else to do, and then at once to what is
/// due next. Everything happens on the thread of the test, while it waits for a run or calls `run`
/// or `advance`: nodes, plain and blocking, and timers. What others do in threads of their own
/// (sockets, delays of scripted models) takes its time outside and is not waited for: nodes must
/// answer by themselves. One thread at a time; outlives the executors that are given its runtime.
class MCP_EXPORT virtual_world {
 public:
  /// `seed`: of the order in which actors that could all go on do so, and of random numbers.
  explicit virtual_world(std::uint64_t seed = 1);
  ~virtual_world();
  virtual_world(const virtual_world&) = delete;
  virtual_world& operator=(const virtual_world&) = delete;

  /// For `executor_options::runtime` and `agent_system_options::runtime`.
  [[nodiscard]] actor_runtime runtime() const;
  /// Since the world was made.
  [[nodiscard]] milliseconds elapsed() const;
  /// Calls `what` at that time from now.
  void after(milliseconds delay, std::function<void()> what);
  /// Until nothing is left to do, now or later.
  void run();
  /// Does what is due within `time`, which has passed then.
  void advance(milliseconds time);

 private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace mcp::testkit
