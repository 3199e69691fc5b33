#pragma once

#include "mcp/graph_builder.hpp"
#include "mcp/run.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

class memory_store;
namespace actors {
class engine;
class live_run;
class runtime;
}  // namespace actors

/// Threads and queues that executors share.
struct runtime_options {
  std::size_t scheduler_threads =
      0;  ///< for plain and asynchronous nodes; zero: as many as cores, at least 2
  std::size_t blocking_threads = 16;  ///< for blocking nodes; started when needed
  std::size_t blocking_queue =
      10'000;  ///< tasks waiting for such a thread; more are failed with `overloaded`
  milliseconds slow_node_warning{
      100};  ///< who holds a scheduler thread longer is named in the log; zero: nobody
};

/// The actor system below executors. Shared by all executors that are given it; it ends with the
/// last of them. Safe from several threads.
class MCP_EXPORT actor_runtime {
 public:
  explicit actor_runtime(const runtime_options& options = {});
  /// The one that executors use by default; made when first needed.
  [[nodiscard]] static actor_runtime shared();
  /// For the engine and its tests.
  explicit actor_runtime(std::shared_ptr<actors::runtime> runtime) : runtime_(std::move(runtime)) {}
  [[nodiscard]] const std::shared_ptr<actors::runtime>& get() const noexcept { return runtime_; }

 private:
  std::shared_ptr<actors::runtime> runtime_;
};

/// How the supervisor restarts the actors of nodes.
struct supervision_policy {
  enum class strategy : std::uint8_t { one_for_one, one_for_all };
  strategy restart = strategy::one_for_one;
  /// An actor that dies beyond so many restarts within `period` is not replaced; a node without
  /// actors fails its tasks with `actor_died`.
  int intensity = 10;
  milliseconds period{60'000};
};

class metrics;
class run_handle_base;
class span_sink;

/// The version of the graph that a stored run is pinned to (`executor_options::version`); empty: to
/// none. Throws `corrupt_store`.
[[nodiscard]] MCP_EXPORT std::string pinned_version(const run_record& run);

struct executor_options {
  std::shared_ptr<checkpoint_store> store{};  ///< null: nothing is stored
  std::shared_ptr<memory_store> memory{};     ///< for `context::memory`
  std::optional<actor_runtime> runtime{};     ///< absent: the shared one
  std::shared_ptr<mcp::metrics> metrics{};    ///< where its work is counted; null: nowhere
  std::shared_ptr<span_sink> spans{};  ///< who takes the spans of its runs; null: none are made
  /// Goes on with the runs of this graph that the store has as accepted or running: when this
  /// executor is made and, if processes share the store, whenever another one of them ends or dies.
  bool recover = true;
  /// Which version of the graph this is, such as a hash of its source. A run is pinned to the
  /// version that accepted it: executors of another version leave it alone, and refuse to resume it
  /// with `unknown_version`. Empty: any run of a graph of this name is taken, and none is pinned.
  std::string version{};
  /// Moves the state of a thread whose last run was of the version `from` to this one, when a new
  /// run begins on it: JSON of the state's fields in, JSON out. What it throws fails that start.
  /// Null: the state is read as it was left.
  std::function<std::string(const std::string& from, const std::string& state)> migrate{};
  /// Told of each run that is recovered later on, on a thread of the executor's; must neither block
  /// nor throw.
  std::function<void(const run_handle_base&)> on_recovered{};
  /// How long a thread that only runs of this graph have used is kept after it was written last;
  /// absent: for ever. One with a time of its own (`checkpoint_store::expire_thread`) goes by that
  /// alone; one with an unfinished or interrupted run is kept.
  std::optional<milliseconds> keep_threads{};
  /// So often this executor removes the threads and the items of memory whose time is over, by the
  /// store's writer and a bounded number at a time. Zero: never.
  milliseconds sweep_every{300'000};
  /// Told of each thread that it removed so, on the writer's thread. What it throws is logged.
  std::function<void(const std::string& thread_id)> on_removed{};
  std::size_t max_runs =
      1'000'000;  ///< unfinished runs at once; more are refused with `overloaded`
  supervision_policy supervision{};
};

/// Reads the recorded events of a run. Copies share a position of their own from the copy on. Used
/// by one thread.
class MCP_EXPORT event_stream {
 public:
  event_stream(std::shared_ptr<actors::live_run> run, std::uint64_t from);
  /// Waits for the next event; nothing once the run has ended and all its events are read. Throws
  /// `event_gone` when the event was dropped because `run_options::event_capacity` was exceeded; the
  /// next call goes on with the oldest event there is.
  [[nodiscard]] std::optional<run_event> next();
  /// The same without waiting: nothing when there is none now.
  [[nodiscard]] std::optional<run_event> poll();

 private:
  std::shared_ptr<actors::live_run> run_;
  std::uint64_t next_;
};

/// A run under way. Cheap to copy; safe from several threads. The run does not depend on it.
class MCP_EXPORT run_handle_base {
 public:
  explicit run_handle_base(std::shared_ptr<actors::live_run> run);
  [[nodiscard]] const std::string& run_id() const noexcept;
  [[nodiscard]] const std::string& thread_id() const noexcept;
  [[nodiscard]] bool finished() const;
  /// Waits for the end; does not throw when the run failed.
  [[nodiscard]] run_result_info wait() const;
  /// Calls `then` once the run has ended, on a thread of the runtime, or at once if it has: it must
  /// neither block nor throw. For callers that cannot wait.
  void when_finished(std::function<void(const run_result_info&)> then) const;
  /// Stops the run's work: tasks are told, their results dropped. The run can be resumed. Nothing
  /// when it has ended or waits for an answer: see `executor::cancel`.
  void cancel(const std::string& reason = "cancelled by the caller") const;
  /// Stops at the end of the present superstep; the run can be resumed.
  void drain() const;
  /// The recorded events (`run_options::events`) from number `from`.
  [[nodiscard]] event_stream stream(std::uint64_t from = 1) const;

 private:
  std::shared_ptr<actors::live_run> run_;
};

/// A stored checkpoint as `history` shows it.
struct checkpoint_entry {
  checkpoint_info info{};
  std::vector<std::string> next{};  ///< nodes that run next
};

/// A thread's state at a checkpoint, erased.
struct thread_state_base {
  state_pointer state{};
  checkpoint_info info{};
  std::vector<std::string> next{};
  std::vector<pending_interrupt> interrupts{};
  std::optional<run_status> status{};  ///< of the thread's last run
};

/// The erased executor: see `executor<State>`.
class MCP_EXPORT executor_base {
 public:
  executor_base(std::shared_ptr<const graph_plan> plan, executor_options options);
  executor_base(const executor_base&) = delete;
  executor_base& operator=(const executor_base&) = delete;
  ~executor_base();

  [[nodiscard]] run_result_info run(state_pointer fresh, std::vector<channel_write> input,
                                    run_options options);
  [[nodiscard]] run_handle_base start(state_pointer fresh, std::vector<channel_write> input,
                                      run_options options);
  /// `answers`: interrupt id to CBOR; one entry with an empty id answers the only pending
  /// interrupt.
  [[nodiscard]] run_handle_base resume(const std::string& thread_id,
                                       std::map<std::string, std::string> answers,
                                       run_options options);
  [[nodiscard]] thread_state_base state(const std::string& thread_id,
                                        std::optional<checkpoint_id> at, const std::string& ns);
  [[nodiscard]] std::vector<checkpoint_entry> history(const std::string& thread_id,
                                                      const history_query& query,
                                                      const std::string& ns);
  [[nodiscard]] std::vector<std::string> namespaces(const std::string& thread_id) const;
  checkpoint_id update_state(const std::string& thread_id, node_result change,
                             const std::string& as_node);
  checkpoint_id fork(const std::string& thread_id, checkpoint_id at);
  bool cancel(const std::string& thread_id, const std::string& reason);
  /// Begins no run any more, and ends those under way without an end in the store, which leaves
  /// them to the next executor, or to another process that shares the store: at the end of their
  /// superstep, or, `now`, at once, as a crash would. Their handles see `failed` with
  /// `shutting_down`; one that ends by itself meanwhile has ended. Does not wait. Without a store
  /// the runs are lost.
  void hand_over(bool now);
  [[nodiscard]] std::optional<run_handle_base> find(const std::string& thread_id) const;
  [[nodiscard]] std::vector<run_handle_base> recovered() const;
  /// The state of the graph.
  [[nodiscard]] const state_type& type() const noexcept;
  /// Restarts seen by the supervisor of the graph's actors.
  [[nodiscard]] std::size_t restarts() const;
  /// Ends the actor of a node, as a defect in it would; for tests of supervision.
  void kill_node(const std::string& node, std::size_t replica);

 private:
  std::shared_ptr<actors::engine> engine_;
};

}  // namespace mcp
