#pragma once

#include "core/agent_mail.hpp"
#include "core/restart_window.hpp"
#include "core/task.hpp"
#include "mcp/agent_system.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace mcp::core {

/// What an agent's actor has to do next. All but `nothing`, `leave` are told once.
enum class agent_todo : std::uint8_t {
  nothing,
  load,     ///< read the state; then `loaded` or `load_failed`
  begin,    ///< `take` a message and run its handler; then `turn_ended`
  go_on,    ///< run the oldest continuation; then `turn_ended`
  prepare,  ///< do the first step that is left; then `prepared`
  commit,  ///< adopt the state unless there is a `failure`, write what is to be stored; `committed`
  release,  ///< send and answer; then `released`
  restart,  ///< give it its initial state; then `restarted`
  leave,    ///< go to sleep, if `leave` still agrees
  end,      ///< it is stopped: the actor is not needed any more
};

/// What became of a message that arrived.
struct agent_admission {
  bool gone = false;  ///< ask the directory again
  std::optional<mcp::error> refused{};
  std::optional<agent_mail> displaced{};  ///< by this one: tell its asker
};

/// A durable message that is to be written to the store.
struct log_order {
  std::uint64_t number = 0;
  std::uint32_t slot = 0;
  std::string name{};  ///< of the message
  std::shared_ptr<const value> content{};
  std::string id{};
  std::string sender{};
  std::function<void(std::optional<mcp::error>)> accepted{};
};

/// Decides the life of one agent: who gets into its mailbox, what it does next, when it sleeps,
/// when it stops. Knows no clock, actor or store. Not thread-safe.
///
///   phase      event                         next phase
///   ---------  ----------------------------  -------------------------------------------------
///   loading    loaded | load_failed          ready | gone
///   ready      take | leave | stop           turn | gone | stopped
///              hold, let_go, restarted       ready; takes nothing in between
///   turn       turn_ended: failed            saving (with a failure)
///              turn_ended: something open    waiting; with a failure if it is to stop or held
///              turn_ended: steps | none      preparing | saving
///   waiting    resumed | stop | hold         turn | saving (with a failure)
///   preparing  prepared, the last | failed   saving | saving (with a failure)
///   saving     committed, saved              releasing
///   releasing  released                      ready
///   stopped    revive                        gone
class agent_machine {
 public:
  /// `supervised`: what would stop it for its failures is left to its supervisor.
  agent_machine(const agent_options& options, bool stored, instant now, bool supervised = false);

  [[nodiscard]] agent_phase phase() const noexcept { return phase_; }
  /// Takes `mail` if it accepts it. At the limit mails that nobody wants any more go first.
  [[nodiscard]] agent_admission arrive(agent_mail& mail);
  [[nodiscard]] agent_todo next(instant now);
  /// Durable messages that have to be written now, oldest first.
  [[nodiscard]] std::vector<log_order> take_log_orders();

  /// The state is there. `handled`: number of the last durable message handled; `logged`: those
  /// that were not, oldest first.
  void loaded(std::uint64_t handled, std::vector<agent_mail> logged, instant now);
  /// Returns who waited.
  [[nodiscard]] std::vector<agent_mail> load_failed();
  /// The durable message `number` is in the store, or could not be written and is forgotten.
  void log_written(std::uint64_t number, bool ok);

  [[nodiscard]] agent_mail take();
  /// Tells a message from the next: answers for earlier ones are late.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  /// During a turn: answers to what was asked so far are late now.
  void start_over();
  /// During a turn: one more answer is awaited.
  void opened() { ++open_; }
  [[nodiscard]] std::size_t open() const noexcept { return open_ + resumed_; }
  /// An awaited answer came; false: late.
  [[nodiscard]] bool resumed(std::uint64_t generation);
  void turn_ended(std::optional<mcp::error> failed, std::size_t steps);
  void prepared(std::uint64_t generation, std::optional<mcp::error> failed);
  /// Why the message at work failed.
  [[nodiscard]] const std::optional<mcp::error>& failure() const noexcept { return failure_; }
  /// It failed while the agent was to stop: if durable, it is not handled.
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }
  /// What was to be committed cannot be written: there is a failure, and a commit to do without it.
  void commit_failed(mcp::error reason);
  /// `wait`: for `saved`.
  void committed(bool wait);
  void saved();
  /// Stops the agent; a message whose state is not durable yet fails, and is not handled.
  void store_failed(const mcp::error& reason);
  /// What a failure means for the agent; `stop` has been told to itself already, and who waited is
  /// in `take_refused`. `counts`: it was a failure, not a rejection. In an agent that is to restart
  /// no failure counts.
  [[nodiscard]] agent_on_failure released(instant now, bool counts);

  /// One more, one less write that is not durable yet: it does not leave before.
  void wrote() { ++unwritten_; }
  void written() { --unwritten_; }
  /// Durable messages waiting or at work.
  [[nodiscard]] std::size_t durable_waiting() const noexcept { return durable_waiting_; }
  [[nodiscard]] std::uint64_t handled_number() const noexcept { return handled_number_; }

  /// The actor died; false: too often, it is to stop.
  [[nodiscard]] bool may_restart(instant now) { return window_.allow(now); }
  /// Refuses all from now on; who waited is in `take_refused`.
  void stop(mcp::error reason);
  [[nodiscard]] const std::optional<mcp::error>& stopping() const noexcept { return stopping_; }
  [[nodiscard]] std::vector<agent_mail> take_refused() { return std::exchange(refused_, {}); }
  /// It is to restart: the message at work fails, unless it is about to be done, and none begins
  /// before `let_go`, `agent_todo::restart` and `restarted`. Not one that is to stop.
  void hold(mcp::error reason);
  void let_go();
  /// `passing`: it was woken for this alone, and leaves when no message came.
  void restarted(instant now, bool passing);
  [[nodiscard]] bool restarting() const noexcept { return restart_ != restart_step::none; }
  /// Asleep from now on, unless something came up.
  [[nodiscard]] bool leave(instant now);
  [[nodiscard]] bool revive();
  /// When `next` may say `leave`; nothing while there is work, or when it never sleeps.
  [[nodiscard]] std::optional<instant> sleeps_at() const;
  [[nodiscard]] bool has_message() const noexcept {
    return phase_ == agent_phase::ready && !queue_.empty();
  }

  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
  [[nodiscard]] std::uint64_t handled() const noexcept { return handled_; }
  [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }

 private:
  enum class restart_step : std::uint8_t { none, held, due };

  void fail(mcp::error reason);
  void number(agent_mail& mail);
  [[nodiscard]] bool may_leave(instant now) const;
  [[nodiscard]] agent_todo next_ready(instant now);
  [[nodiscard]] bool make_room(agent_admission& result);

  const agent_options options_;
  const bool stored_;
  const bool supervised_;
  agent_phase phase_ = agent_phase::loading;
  bool begun_ = false;  ///< what this phase has to do was told
  std::deque<agent_mail> queue_;
  std::vector<log_order> orders_;
  std::vector<agent_mail> refused_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t slots_ = 0;  ///< handed out so far
  std::uint64_t last_number_ = 0;
  std::uint64_t handled_number_ = 0;
  std::uint64_t at_work_ = 0;  ///< number of the durable message at work; 0: none
  std::uint32_t slot_at_work_ = 0;
  std::size_t durable_waiting_ = 0;
  std::uint64_t generation_ = 0;
  std::size_t open_ = 0;
  std::size_t resumed_ = 0;
  std::size_t steps_ = 0;
  std::optional<mcp::error> failure_;
  bool interrupted_ = false;
  bool waits_ = false;  ///< for `saved`
  std::size_t unwritten_ = 0;
  std::optional<mcp::error> stopping_;
  restart_step restart_ = restart_step::none;
  std::optional<mcp::error> held_for_;
  bool passing_ = false;
  restart_window window_;
  instant last_active_;
  std::uint64_t handled_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace mcp::core
