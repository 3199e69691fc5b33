#pragma once

#include "mcp/executor_base.hpp"
#include "mcp/graph.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

namespace mcp {

/// How a run ended, with the state it reached.
template <class State>
struct run_result {
  run_result_info info{};

  [[nodiscard]] run_status status() const noexcept { return info.status; }
  [[nodiscard]] bool done() const noexcept { return info.status == run_status::done; }
  /// The state reached; a default state when a failing reducer damaged it.
  [[nodiscard]] State state() const { return info.state ? info.state.as<State>() : State{}; }
  [[nodiscard]] const std::vector<pending_interrupt>& interrupts() const noexcept {
    return info.interrupts;
  }
  /// Throws the error of a failed or cancelled run, and `interrupted` for one that waits.
  void check() const {
    if (info.error) throw *info.error;
    if (info.status == run_status::interrupted) {
      throw error{errc::interrupted,
                  "the run of thread \"" + info.thread_id + "\" waits" +
                      (info.interrupts.empty()
                           ? std::string{}
                           : " for " + std::to_string(info.interrupts.size()) + " answer(s)")};
    }
  }
};

/// A run under way; see `run_handle_base`.
template <class State>
class run_handle : public run_handle_base {
 public:
  explicit run_handle(run_handle_base base) : run_handle_base(std::move(base)) {}
  /// Waits for the end.
  [[nodiscard]] run_result<State> join() const { return {wait()}; }
};

/// A thread's state at a checkpoint.
template <class State>
struct thread_state {
  State values{};
  checkpoint_info info{};
  std::vector<std::string> next{};
  std::vector<pending_interrupt> interrupts{};
  std::optional<run_status> status{};
};

/// Answers to interrupts, by id.
class answers {
 public:
  answers() = default;
  /// Answers the only pending interrupt.
  template <class Answer>
  [[nodiscard]] static answers only(const Answer& content) {
    return answers{}.add("", content);
  }
  template <class Answer>
  answers& add(std::string id, const Answer& content) & {
    if constexpr (std::is_convertible_v<const Answer&, std::string_view>) {
      map_[std::move(id)] = to_cbor(std::string{std::string_view{content}});
    } else {
      map_[std::move(id)] = to_cbor(content);
    }
    return *this;
  }
  template <class Answer>
  answers&& add(std::string id, const Answer& content) && {
    return std::move(add(std::move(id), content));
  }
  /// `json`: JSON text.
  answers& add_json(std::string id, std::string_view json) & {
    map_[std::move(id)] = json_to_cbor(json);
    return *this;
  }
  answers&& add_json(std::string id, std::string_view json) && {
    return std::move(add_json(std::move(id), json));
  }
  [[nodiscard]] std::map<std::string, std::string> take() && { return std::move(map_); }

 private:
  std::map<std::string, std::string> map_;
};

/// Runs a graph: each node is an actor, each run has a supervisor that routes the state between
/// them. Safe from several threads. Its destructor stops the runs that are under way and waits for
/// the nodes' functions that are being called; stored runs go on when an executor for the same
/// graph is made on the same store.
template <class State>
class executor {
 public:
  /// Compiles the graph; throws `invalid_graph`. Recovers the store's unfinished runs of the graph.
  explicit executor(const graph<State>& graph, executor_options options = {})
      : base_(graph.compile().plan(), std::move(options)) {}
  explicit executor(const compiled_graph<State>& graph, executor_options options = {})
      : base_(graph.plan(), std::move(options)) {}

  /// Runs to the end and returns the state. `input`: its fields that differ from a default State go
  /// through the reducers into the thread's state. Throws the run's error, and `interrupted` when
  /// it waits. Must not be called on the executor's own scheduler threads, that is in plain nodes.
  State run(const State& input, run_options options = {}) {
    const auto result = run_to_result(input, std::move(options));
    result.check();
    return result.state();
  }
  /// The same without exceptions for the run's own end.
  [[nodiscard]] run_result<State> run_to_result(const State& input, run_options options = {}) {
    return {base_.run(fresh_state(), given(input), std::move(options))};
  }
  /// Returns once the run is accepted: with a store, once its input is durable.
  [[nodiscard]] run_handle<State> start(const State& input, run_options options = {}) {
    return run_handle<State>{base_.start(fresh_state(), given(input), std::move(options))};
  }
  /// The same with an update as input, for fields whose default is a value too.
  [[nodiscard]] run_handle<State> start_with(update<State> input, run_options options = {}) {
    if constexpr (!described<State>) {
      if (!input.empty()) {
        detail::check_state_type(input.type(), base_.type(), errc::invalid_update, "the input");
      }
    }
    return run_handle<State>{
        base_.start(fresh_state(), std::move(input).take(), std::move(options))};
  }

  /// Goes on with a thread whose last run was interrupted, failed, cancelled or drained: only tasks
  /// without a result run again.
  [[nodiscard]] run_handle<State> resume(const std::string& thread_id, answers given = {},
                                         run_options options = {}) {
    return run_handle<State>{base_.resume(thread_id, std::move(given).take(), std::move(options))};
  }
  /// The state of a thread now, or at one of its checkpoints. Throws `unknown_thread`.
  [[nodiscard]] thread_state<State> state(const std::string& thread_id,
                                          std::optional<checkpoint_id> at = std::nullopt) {
    auto found = base_.state(thread_id, at, "");
    return {found.state.template as<State>(), std::move(found.info), std::move(found.next),
            std::move(found.interrupts), found.status};
  }
  /// The state of a subgraph's run inside a thread: `ns` is one of `namespaces`, or that of an
  /// event or an interrupt, and `Child` its graph's state. Throws as `state`, and
  /// `invalid_argument` for another type.
  template <class Child>
  [[nodiscard]] thread_state<Child> state_of(const std::string& thread_id, const std::string& ns,
                                             std::optional<checkpoint_id> at = std::nullopt) {
    auto found = base_.state(thread_id, at, ns);
    if (found.state.type().id() != typeid(Child)) {
      throw error{errc::invalid_argument, "the state in namespace \"" + ns + "\" is \"" +
                                              found.state.type().name() + "\", another type"};
    }
    return {found.state.template as<Child>(), std::move(found.info), std::move(found.next),
            std::move(found.interrupts), found.status};
  }
  /// The namespaces of a thread that hold checkpoints, sorted: "" for the graph's own, and for each
  /// run of a subgraph its node and task.
  [[nodiscard]] std::vector<std::string> namespaces(const std::string& thread_id) const {
    return base_.namespaces(thread_id);
  }
  /// Newest first.
  [[nodiscard]] std::vector<checkpoint_entry> history(const std::string& thread_id,
                                                      const history_query& query = {}) {
    return base_.history(thread_id, query, "");
  }
  /// Writes `change` into a thread as if node `as_node` had returned it; its edges then decide what
  /// is next. Empty: the node that ran last. mcp::start: as input; mcp::end: nothing is next. What
  /// tasks of a superstep that is not finished have returned is written first, and their edges
  /// count too; those without a result are dropped.
  checkpoint_id update_state(const std::string& thread_id, update<State> change,
                             const std::string& as_node = {}) {
    return base_.update_state(thread_id, reply<State>::erase(std::move(change)), as_node);
  }
  /// Makes a checkpoint the thread's head again, as a branch of its own; `resume` goes on from
  /// there.
  checkpoint_id fork(const std::string& thread_id, checkpoint_id at) {
    return base_.fork(thread_id, at);
  }
  /// Cancels the run of a thread. One that waits, for an answer or after a drain, is `cancelled` in
  /// the store when this returns; one that is under way is told, as by its handle, and may have
  /// ended or asked before it hears of it. Either can be resumed. False: the thread has no such
  /// run. Throws `thread_busy` when another executor is at work on it.
  bool cancel(const std::string& thread_id, const std::string& reason = "cancelled by the caller") {
    return base_.cancel(thread_id, reason);
  }
  /// The run of a thread that is under way; not one that waits for an answer.
  [[nodiscard]] std::optional<run_handle<State>> find(const std::string& thread_id) const {
    auto found = base_.find(thread_id);
    if (!found) return std::nullopt;
    return run_handle<State>{std::move(*found)};
  }
  /// The runs that were recovered from the store when this executor was made.
  [[nodiscard]] std::vector<run_handle<State>> recovered() const {
    std::vector<run_handle<State>> result;
    for (auto& one : base_.recovered()) result.emplace_back(std::move(one));
    return result;
  }
  /// The erased executor below.
  [[nodiscard]] executor_base& base() noexcept { return base_; }

 private:
  state_pointer fresh_state() const { return {base_.type(), base_.type().make()}; }
  std::vector<channel_write> given(const State& input) const {
    if constexpr (!described<State>) {
      detail::check_state_type(input.type().get(), base_.type(), errc::invalid_state, "the input");
    }
    return detail::given_fields(base_.type(), &input);
  }

  executor_base base_;
};

}  // namespace mcp
