#pragma once

#include "actors/agent_log.hpp"
#include "actors/agent_work.hpp"
#include "actors/caf.hpp"
#include "core/agent_machine.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::actors {

/// One agent that is awake: its machine, its state, and the actor that does what the machine says.
/// Whoever sends to it puts the message into the machine's mailbox and, if need be, wakes the
/// actor; so a mailbox has a bound, and an actor that dies takes nothing with it.
class agent_cell final : public std::enable_shared_from_this<agent_cell> {
 public:
  /// `saved`: the state as it went to sleep, without a store.
  agent_cell(std::shared_ptr<agent_hub> hub, const agent_spec& spec, std::string address,
             std::string saved);

  [[nodiscard]] agent_hub& hub() const noexcept { return *hub_; }
  [[nodiscard]] const agent_spec& spec() const noexcept { return spec_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }

  // From any thread.
  void start();
  [[nodiscard]] core::agent_admission arrive(core::agent_mail& mail);
  void resumed(std::uint64_t generation, agent_continuation then);
  void stop(error reason);
  /// The same; who is to hear of it is returned.
  [[nodiscard]] std::vector<core::agent_mail> halt(const error& reason);
  [[nodiscard]] agent_status status() const;
  /// The state to keep when a stopped agent is let go; false when it is not stopped.
  [[nodiscard]] bool revive(std::string& saved);
  void kill_actor();

  // From its supervisor, under the directory's lock but for `let_go`.
  /// What becomes of an agent that is on its way out.
  enum class afterwards : std::uint8_t { nothing, revive, restart };
  /// Instead of `start`: an agent that is woken to get its initial state.
  void start_held(error reason);
  /// It is to restart; false when it has stopped, and is to be made anew.
  [[nodiscard]] bool hold(const error& reason);
  void let_go();
  [[nodiscard]] bool restarting() const;
  /// Like `revive`; one that is on its way out is revived when it is out.
  [[nodiscard]] bool revive_soon(std::string& saved);

  // From the actor.
  /// Does what there is to do, at most one message; true when the actor is done for good.
  [[nodiscard]] bool visit();
  void actor_died();
  /// Under the directory's lock: true when it is asleep from now on.
  [[nodiscard]] bool leave();

  // From the message at work.
  void step_done(std::uint64_t generation, std::optional<error> failed);
  /// One more answer is awaited; returns the generation it belongs to.
  [[nodiscard]] std::uint64_t open_question();
  /// Whether the message of this generation is still at work, and wanted.
  [[nodiscard]] bool is_awaited(std::uint64_t generation) const;
  void start_over();

 private:
  using lock = std::unique_lock<std::mutex>;

  void ring(lock& held);
  void spawn(lock& held);
  void after_change();
  [[nodiscard]] bool do_next(core::agent_todo todo);
  /// Onto a blocking thread; the system's end waits until the job, and what it holds, is gone.
  [[nodiscard]] bool submit(std::function<void(agent_cell&)> job);
  void load();
  void load_here();
  void load_failed(const error& reason);
  void go_on();
  void start_turn(agent_continuation then);
  void run_turn(const agent_continuation& then);
  [[nodiscard]] std::optional<error> call_handler(const agent_continuation& then);
  void prepare();
  void commit();
  void cannot_commit(const error& reason, bool again);
  void release();
  void reset();
  void restart();
  void send_out(agent_sending& one);
  void arm_idle();
  /// True: durable; false: it will be, or the agent stops; nothing: it failed, the agent stops.
  [[nodiscard]] std::optional<bool> write(lock& held, std::vector<store_write> writes);
  void state_written(const std::shared_ptr<error>& failed);
  /// Writes the durable messages that arrived; returns what to call without the lock.
  [[nodiscard]] std::vector<std::function<void()>> write_orders(lock& held);
  void order_written(std::uint64_t number, bool ok);
  void refuse_all(std::vector<core::agent_mail>& mails) const;
  [[nodiscard]] value fresh_state() const;
  [[nodiscard]] std::string state_to_keep() const;

  const std::shared_ptr<agent_hub> hub_;
  const agent_spec& spec_;
  const std::string address_;
  std::string saved_;
  std::atomic<bool> stopping_{false};  ///< or restarting: the message at work had better end

  mutable std::mutex mutex_;
  core::agent_machine machine_;
  caf::actor actor_;
  bool rung_ = false;
  bool idle_armed_ = false;
  bool ended_ = false;  ///< the actor is not needed any more
  afterwards afterwards_ = afterwards::nothing;
  bool passing_ = false;  ///< woken to be restarted, and for nothing else so far
  agent_entry entry_;
  std::unique_ptr<agent_work> work_;
  value state_;
};

/// Throws `invalid_argument` unless a timeout is positive.
void check_timeout(milliseconds timeout);
/// Tells whoever waits for this message that it is not taken.
void refuse(core::agent_mail& mail, const error& reason);

}  // namespace mcp::actors
