#pragma once

#include "core/checkpoint_codec.hpp"
#include "core/graph_plan.hpp"
#include "core/task.hpp"
#include "mcp/run.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mcp::core {

/// What the machine must be told, because it is pure: time, chance and the budget that runs share.
class machine_ports {
 public:
  virtual ~machine_ports() = default;
  [[nodiscard]] virtual instant now() = 0;
  [[nodiscard]] virtual store_time wall() = 0;
  [[nodiscard]] virtual std::uint64_t random() = 0;
  /// Takes steps and node calls from the budget; the error when it does not suffice.
  [[nodiscard]] virtual std::optional<error> charge(std::int64_t steps, std::int64_t calls) = 0;
  /// Without what attempts hold.
  [[nodiscard]] virtual run_usage usage() = 0;
  /// An attempt is given up: what it holds of the budget, and what tasks of its subgraph hold, is
  /// free. Before the usage is asked for.
  virtual void gave_up(const task&) {}
};

/// What is fixed for a run of one graph, root or subgraph.
struct run_settings {
  std::shared_ptr<const graph_plan> plan{};
  std::string run_id{};
  std::string thread_id{};
  std::string ns{};                            ///< empty: the root
  std::shared_ptr<const graph_plan> parent{};  ///< the enclosing graph's; null for the root
  bool stored = false;                         ///< there is a store
  bool budgeted = false;  ///< the budget has limits: its use is stored with each checkpoint
  run_options options{};
  [[nodiscard]] bool root() const noexcept { return ns.empty(); }
};

/// Where in the log a run stands.
struct log_position {
  checkpoint_id id{};
  checkpoint_id base{};
  std::int64_t step = -2;  ///< of the checkpoint `id`; -2: none
  std::size_t bytes_since_base = 0;
  std::size_t base_size = 0;
};

/// The position a stored checkpoint gives a run that goes on from it.
[[nodiscard]] log_position position_of(const stored_checkpoint& stored);

/// What the shell has to do after an event, in this order.
struct machine_commands {
  std::vector<store_write> writes{};
  bool hold = false;  ///< call `durable` once everything written so far is durable
  std::vector<run_event> events{};
  std::vector<task_pointer> abandon{};
  std::vector<task_pointer> dispatch{};
  std::optional<instant> wake{};  ///< call `tick` no later than this
  bool finished = false;          ///< `result` is final
  void clear();
};

/// How a run ended, for its caller or its parent graph.
struct machine_result {
  run_status status = run_status::done;
  std::optional<mcp::error> error{};
  std::vector<pending_interrupt> interrupts{};
  std::optional<parent_command> parent{};
  std::int64_t steps = 0;
};

/// A run as a function of events to commands. Owned and called by one actor; no event may come
/// before the commands of the one before have been carried out.
///
// clang-format off
/// | phase     | event       | next phase, commands                                             |
/// |-----------|-------------|------------------------------------------------------------------|
/// | idle      | begin,go_on | holding (first writes) or executing                              |
/// | idle      | edit        | finishing: one checkpoint of `update_state`                      |
/// | holding   | durable     | executing: dispatch the next superstep, or finishing             |
/// | executing | task_done   | executing; with the last task: apply, then holding or executing  |
/// | executing | tick        | executing: retries, timeouts; at the deadline: finishing         |
/// | executing | task_lost   | executing: as a failed attempt                                   |
/// | executing | drain       | finishing at the superstep's end                                 |
/// | executing | hand_over   | the same, and the store has the run as one under way             |
/// | any       | cancel      | finishing: abandon what runs                                     |
/// | any       | broken      | finishing: abandon what runs, write the status alone             |
/// | any       | stop        | finished: nothing more is written                                |
/// | finishing | durable     | finished                                                         |
/// | finished  | any         | finished, nothing                                                |
// clang-format on
class run_machine {
 public:
  enum class phase : std::uint8_t { idle, holding, executing, finishing, finished };

  run_machine(run_settings settings, machine_ports& ports);

  /// Starts a run: `input` goes through the reducers into `state`, the entry points follow.
  void begin(state_pointer state, log_position at, std::vector<channel_write> input,
             machine_commands& out);
  /// Goes on from a stored checkpoint with its journal. `answers`: interrupt id to CBOR.
  void go_on(state_pointer state, log_position at, agenda next,
             const std::vector<journal_entry>& journal,
             const std::map<std::string, std::string>& answers, machine_commands& out);
  /// Writes `result` as if node `as_node` had returned it, and stops. `end_index`: as the end.
  void edit(state_pointer state, log_position at, agenda next,
            const std::vector<journal_entry>& journal, node_index as_node, node_result result,
            machine_commands& out);
  /// Takes the pointer: a task that nobody else holds is used again.
  void task_done(task_pointer done, machine_commands& out);
  void tick(machine_commands& out);
  void durable(machine_commands& out);
  void cancel(error reason, machine_commands& out);
  /// An event threw, and what it commanded is lost: a defect, of the engine or of code that it
  /// calls. The run fails, in the store too, so that it is not recovered into the same defect.
  void broken(error what, machine_commands& out);
  /// Ends without a word to the store, which failed or must keep the run for its recovery.
  void stop(error reason, machine_commands& out);
  /// The task's result will never come: its actor died.
  void task_lost(const task_pointer& lost, error reason, machine_commands& out);
  [[nodiscard]] const std::vector<task_pointer>& tasks() const noexcept { return tasks_; }
  /// Stops at the end of the present superstep with status `interrupted`.
  void drain() noexcept { drain_ = true; }
  /// The same, but of a root run the store is not told of an end: it is recovered, by whoever is
  /// next.
  void hand_over() noexcept { drain_ = hand_over_ = true; }

  [[nodiscard]] phase at() const noexcept { return phase_; }
  [[nodiscard]] const machine_result& result() const noexcept { return result_; }
  [[nodiscard]] const state_pointer& state() const noexcept { return state_; }
  [[nodiscard]] const log_position& position() const noexcept { return position_; }
  [[nodiscard]] const agenda& next() const noexcept { return next_; }
  [[nodiscard]] const run_settings& settings() const noexcept { return settings_; }
  /// The task's id; made when first asked for. Only for tasks of the present superstep.
  const std::string& id_of(task& of) const;
  /// What stands for it in the ids of the attempt's questions and in the keys of its effects.
  [[nodiscard]] std::string attempt_id(task& of) const;

 private:
  // run_machine.cpp: phases
  void advance(machine_commands& out);
  void plan(machine_commands& out);
  [[nodiscard]] bool may_plan(machine_commands& out);
  void settle(machine_commands& out);
  void fail(error what, machine_commands& out);
  void finish(run_status status, machine_commands& out);
  void finish_drained(machine_commands& out);
  [[nodiscard]] bool stops_before(machine_commands& out);
  [[nodiscard]] std::string describe_cycle() const;
  void leave_trail();
  [[nodiscard]] std::uint32_t random32();

  // run_machine_tasks.cpp: tasks of a superstep
  void make_tasks(machine_commands& out);
  void plan_tasks();
  task& fresh_task(std::size_t slot);
  void dispatch(task& planned, machine_commands& out);
  template <class Take>
  void contained(task& settled, machine_commands& out, Take&& take);
  void finished(task& done, machine_commands& out);
  void interrupted(task& asked, machine_commands& out);
  void failed(task& broken, failure what, machine_commands& out);
  void abandon(task& unwanted, machine_commands& out);
  void replace(std::size_t slot, error reason, machine_commands& out);
  void abandon_all(machine_commands& out);
  [[nodiscard]] const std::optional<timeout_policy>& limits_of(const task& of) const;
  void watch(const task& running, machine_commands& out) const;
  static void wish_wake(std::optional<instant> time, machine_commands& out);

  // run_machine_recall.cpp: what a journal says of tasks
  void remember(const std::vector<journal_entry>& journal);
  void keep_finished_tasks();
  void recall(task& planned);
  void recall_effects(task& planned);
  void stand_in(task& broken, node_index fallback, error reason);
  [[nodiscard]] std::optional<node_index> fallback_named(const std::string& name,
                                                         node_index of) const;

  // run_machine_apply.cpp: the end of a superstep
  void apply(checkpoint_source source, machine_commands& out);
  void apply_edit(node_index as_node, node_result result, machine_commands& out);
  template <class Change>
  void changing_state(machine_commands& out, Change&& change);
  template <class Work>
  void blaming(node_index node, const char* what, std::string_view name, Work&& work) const;
  void clear_agenda();
  void merge_and_route(bool expire);
  void merge_writes();
  void merge(node_index node, channel_write&& write, write_aids aids);
  void claim_channels();
  [[nodiscard]] std::string writer_of(std::size_t slot) const;
  void expire_channels();
  [[nodiscard]] std::vector<std::vector<routes>> decide_early();
  [[nodiscard]] std::vector<channel_write> written_fields(const task& of) const;
  void put_back(std::vector<channel_write>& fields);
  void route(task& done, std::vector<routes> decided);
  void follow(node_index node, std::vector<routes>& decided) const;
  void go_to(std::vector<routes::target>&& targets, const std::string& from);
  void start_send(send&& one, const std::string& from);
  void trigger(node_index node);
  void arrive_at_joins(node_index source);

  // run_machine_log.cpp: checkpoints, journal, events
  void checkpoint(checkpoint_source source, machine_commands& out);
  [[nodiscard]] std::optional<error> flush_exit(machine_commands& out);
  /// Whether what ends within a superstep is written at once.
  [[nodiscard]] bool journals() const noexcept {
    return settings_.stored && settings_.options.durability != durability::exit;
  }
  void append_checkpoint(checkpoint_source source, store_time now, machine_commands& out);
  void journal(journal_kind kind, std::string key, std::string body, machine_commands& out) const;
  void journal_tasks(machine_commands& out) const;
  void journal_fallback(task& broken, machine_commands& out) const;
  void journal_usage(machine_commands& out) const;
  [[nodiscard]] bool wants(event_kind kind) const noexcept {
    return (settings_.options.events & static_cast<event_mask>(kind)) != 0;
  }
  run_event& event(event_kind kind, const task* of, machine_commands& out) const;
  void lifecycle(std::string_view what, machine_commands& out) const;
  [[nodiscard]] error_place place_of(const task& of) const;

  /// Who wrote a channel in this superstep.
  struct channel_claim {
    std::uint64_t epoch = 0;
    std::uint32_t slot = 0;
    bool overwritten = false;
  };
  /// What is known of a task before it starts, by its id.
  struct recalled {
    std::optional<std::string> result{};
    std::vector<std::pair<pending_interrupt, bool>> interrupts{};  ///< and whether it is answered
    std::vector<std::pair<std::string, std::string>> effects{};
    std::optional<std::pair<error, std::string>> fallback{};  ///< why it took over, and its name
  };

  run_settings settings_;
  machine_ports& ports_;
  phase phase_ = phase::idle;
  state_pointer state_;
  agenda next_;
  log_position position_;
  checkpoint_id anchor_{};     ///< last checkpoint that is written
  std::int64_t executed_ = 0;  ///< supersteps of this call
  std::vector<task_pointer> tasks_;
  std::size_t task_count_ = 0;
  std::size_t unsettled_ = 0;
  std::vector<channel_claim> claims_;
  std::uint64_t epoch_ = 0;
  patch_writer patches_;
  std::map<std::uint16_t, message_index> ids_;  ///< of the conversations in `state_`, by channel
  std::vector<node_index> ran_;
  std::unique_ptr<std::map<std::string, recalled>> memory_;
  std::map<std::string, std::string> answers_;
  std::optional<instant> deadline_{};
  bool gate_passed_ = false;
  bool drain_ = false;
  bool hand_over_ = false;    ///< at the end of a drain
  bool handed_over_ = false;  ///< the store is not told of this end
  bool damaged_ = false;      ///< a reducer failed half way: the state must not be stored
  bool snapshot_due_ = false;
  /// Nodes of the last supersteps, the first few of each: a cycle of up to half as many is seen.
  std::array<std::vector<node_index>, 64> trail_{};
  machine_result result_;
};

}  // namespace mcp::core
