#pragma once

#include "mcp/error.hpp"
#include "mcp/value.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mcp {

using milliseconds = std::chrono::milliseconds;

/// Why an attempt of a task failed.
struct failure {
  mcp::error error{};
  /// What the node threw; null when it was stopped, timed out or never ran.
  std::exception_ptr cause{};
  /// The cause is a std::logic_error: the same input will fail again.
  bool logic = false;
};

/// Failures that are worth another attempt: all but logic errors, bad updates and goto, an
/// exhausted budget, and an open breaker.
[[nodiscard]] MCP_EXPORT bool default_retry_on(const failure& what);

/// Repeats a failed attempt after min(max_interval, initial_interval × backoff_factor^(n-1)), with
/// up to a second more if `jitter`. Without a policy nothing is repeated.
struct retry_policy {
  int max_attempts = 3;  ///< the first included; 1 to 1,000
  milliseconds initial_interval{500};
  double backoff_factor = 2.0;
  milliseconds max_interval{128'000};
  bool jitter = true;
  std::function<bool(const failure&)> retry_on = default_retry_on;  ///< when it throws: false
};

/// Ends an attempt: `run` after it has taken so long, `idle` when it gave no sign of life (an
/// event, a heartbeat, a write to the journal) for so long. Zero: no limit. Checked every 10 ms at
/// best.
struct timeout_policy {
  milliseconds run{0};
  milliseconds idle{0};
};

/// Stops calling a node that keeps failing. Nodes of a graph and of its subgraphs that name the
/// same breaker share it, and must say the same of it. closed: calls pass; `failure_threshold`
/// failures in a row open it. open: calls fail at once with `circuit_open` until `cool_down` has
/// passed. half-open: `probes` calls pass; one failure opens it again, success of all closes it.
struct breaker_policy {
  std::string name{};  ///< empty: the node's own
  int failure_threshold = 5;
  milliseconds cool_down{30'000};
  int probes = 1;
  /// Shared further, by all executors on one `actor_runtime` that name it: by default all of the
  /// process. They must say the same of it while any of them lives.
  bool across_executors = false;

  friend bool operator==(const breaker_policy&, const breaker_policy&) = default;
};

struct node_input;

/// Reuses a node's results for equal inputs. Bounded; the entry used longest ago goes first.
struct cache_policy {
  milliseconds ttl{0};  ///< zero: no limit
  std::size_t max_entries = 1000;
  /// Inputs with the same key are equal; see `cache_by`. Empty: the whole input counts, a send's or
  /// all fields of the state. What it throws fails the attempt.
  std::function<std::string(const node_input&)> key{};
};

/// How a node's function is run.
enum class node_kind : std::uint8_t {
  plain,     ///< on the scheduler; must not block (a warning names those that do)
  blocking,  ///< on a bounded pool of threads; may wait for files, sockets, locks
  async,     ///< on the scheduler; returns at once and answers later through its reply object
  subgraph,  ///< a graph of its own
};

/// Options of a node. Unset members take the graph's defaults (`graph::defaults`).
struct node_options {
  std::optional<retry_policy> retry{};
  std::optional<timeout_policy> timeout{};
  std::optional<breaker_policy> breaker{};
  std::optional<cache_policy> cache{};
  /// Most tasks of this node at once over all runs of the executor; zero: as many as there are
  /// threads. Not for subgraphs: limit their nodes.
  std::optional<std::size_t> concurrency{};
  /// Node that takes over when all attempts have failed: it runs in the same superstep with the
  /// same input and `ctx.failure()`; what it returns counts as this node's result.
  std::optional<std::string> fallback{};
  bool blocking = false;
  bool defer = false;  ///< runs only when nothing else is left to run
  /// Fields that the node writes, if it is to write no others: it is then held to them, and two
  /// nodes that always run side by side and write a field that takes one writer are found by
  /// `compile`.
  std::vector<std::string> writes{};
  /// Where a command of this node may go; for drawing and for the check of reachability.
  std::vector<std::string> destinations{};
};

}  // namespace mcp
