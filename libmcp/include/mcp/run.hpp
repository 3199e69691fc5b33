#pragma once

#include "mcp/checkpoint_store.hpp"
#include "mcp/message.hpp"
#include "mcp/policy.hpp"
#include "mcp/state_type.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mcp {

/// When a superstep's checkpoint is written; docs/checkpoint-format.md, section 8, says what each
/// can lose.
enum class durability : std::uint8_t { async, sync, exit };

/// Kinds of events of a run, as bits.
enum class event_kind : std::uint16_t {
  values = 1,        ///< the state after the input and after each superstep
  updates = 2,       ///< what one task wrote
  tasks = 4,         ///< a task started or ended
  messages = 8,      ///< a message, or part of one, that a node emitted
  custom = 16,       ///< what a node emitted
  checkpoints = 32,  ///< a checkpoint was made
  interrupts = 64,   ///< the run waits for answers
  errors = 128,      ///< an attempt or the run failed
  lifecycle = 256,   ///< the run started, or ended
};
using event_mask = std::uint16_t;
inline constexpr event_mask all_events = 0x1ff;
[[nodiscard]] constexpr event_mask operator|(event_kind a, event_kind b) {
  return static_cast<event_mask>(static_cast<event_mask>(a) | static_cast<event_mask>(b));
}
[[nodiscard]] constexpr event_mask operator|(event_mask a, event_kind b) {
  return static_cast<event_mask>(a | static_cast<event_mask>(b));
}
[[nodiscard]] constexpr bool has(event_mask mask, event_kind kind) {
  return (mask & static_cast<event_mask>(kind)) != 0;
}
[[nodiscard]] MCP_EXPORT std::string_view name(event_kind kind) noexcept;

/// A question of a node that waits for an answer.
struct pending_interrupt {
  std::string id{};  ///< 32 hexadecimal digits; empty for a stop before or after a node
  std::string node{};
  std::string ns{};        ///< namespace of the graph whose node asks
  std::string question{};  ///< JSON text
  std::string schema{};    ///< JSON Schema of the answer, JSON text; may be empty

  friend bool operator==(const pending_interrupt&, const pending_interrupt&) = default;
};

/// One event of a run. Numbers start at 1 and have no gaps.
struct run_event {
  std::uint64_t number = 0;
  event_kind kind = event_kind::lifecycle;
  std::string ns{};  ///< namespace of the (sub)graph it comes from
  std::int64_t step = 0;
  std::string node{};  ///< of updates, tasks, messages, custom, errors
  std::string name{};  ///< tasks: "started", "finished", "failed", "interrupted"; custom: the
                       ///< node's name for it; checkpoints: the id; lifecycle: the status
  int attempt = 0;
  bool cached = false;    ///< updates: taken from the node's cache
  state_pointer state{};  ///< values
  std::string json{};     ///< updates, messages, custom: JSON text
  std::optional<mcp::error> error{};
  std::vector<pending_interrupt> interrupts{};
};

/// Most work a run, with all its subgraphs, may do. Zero or absent: no limit.
struct run_budget {
  std::int64_t steps = 0;       ///< supersteps
  std::int64_t node_calls = 0;  ///< attempts of tasks
  /// Limits of counters that nodes charge, for example {"tokens", 50'000}.
  std::map<std::string, std::int64_t> counters{};
};

/// What a run has used of its budget. Counters without a limit are counted too.
struct run_usage {
  std::int64_t steps = 0;
  std::int64_t node_calls = 0;
  std::map<std::string, std::int64_t> counters{};

  friend bool operator==(const run_usage&, const run_usage&) = default;
};

/// JSON text that the recorded events of a run may hold; beyond it the oldest are dropped too, to
/// the newest one. States of `values` are not counted: each is a whole one.
inline constexpr std::size_t max_event_bytes = 64UL << 20;

/// Options of one run.
struct run_options {
  std::string thread_id{};  ///< empty: a new thread; its id is made up
  /// A run of N supersteps needs N + 1; at least 1.
  std::int64_t recursion_limit = 10'007;
  mcp::durability durability = mcp::durability::async;
  /// From `start` or `resume`, also across a crash; zero: none, less: it has passed already.
  milliseconds deadline{0};
  run_budget budget{};
  event_mask events = 0;                        ///< which events are recorded for `stream`
  std::size_t event_capacity = 4096;            ///< recorded events kept; the oldest are dropped
  std::vector<std::string> interrupt_before{};  ///< besides the graph's
  std::vector<std::string> interrupt_after{};
  /// The caller's place in a trace, as the W3C's header `traceparent` has it: the run's spans
  /// belong below it, also after a crash. Empty: the run has a trace of its own. Of `start` and
  /// `run`; a run that goes on stays in its trace.
  std::string traceparent{};
};

/// How a run ended, or why it stopped.
struct run_result_info {
  run_status status = run_status::done;
  std::string run_id{};
  std::string thread_id{};
  std::int64_t steps = 0;  ///< supersteps of this call
  run_usage usage{};
  std::vector<pending_interrupt> interrupts{};  ///< with `interrupted`
  std::optional<mcp::error> error{};            ///< with `failed` and `cancelled`
  state_pointer state{};  ///< the state reached; null when a failure damaged it
};

}  // namespace mcp
