#pragma once

#include "cluster/agent_states.hpp"
#include "cluster/messages.hpp"
#include "mcp/agent_context.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mcp::cluster {

/// What a task of an agent needs of its worker. Safe from several threads.
struct agent_task_surroundings {
  /// Sends to the server; with the message's end also the state to be kept.
  std::function<void(agent_turn_message, kept_agent_state)> say{};
  /// Has a thread for nodes do it.
  std::function<void(std::function<void()>)> post{};
};

/// One message of an agent, handled at a worker: the context of its handler. What the handler sends
/// and asks goes to the server when a turn of it has ended, for the server to do. One turn runs at
/// a time.
class agent_task final : public agent_port, public std::enable_shared_from_this<agent_task> {
 public:
  /// `known`: the state, if the worker has it.
  agent_task(agent_task_message message, kept_agent_state known, agent_task_surroundings around);

  /// Begins, on this thread. Nothing is thrown. `owner` is who keeps the type.
  void run(const agent_spec& type, std::shared_ptr<const void> owner);
  /// Ends with this failure, unless it has ended.
  void fail(const error& why);
  /// The worker does not have the state that the message names.
  void miss_state();
  void cancel() noexcept { cancelled_.store(true, std::memory_order_release); }
  void told(agent_answer_message answer);
  /// Nobody hears of it any more.
  void lose_server();

  [[nodiscard]] const agent_task_message& message() const noexcept { return message_; }

  [[nodiscard]] agent_info info() const override;
  [[nodiscard]] bool cancelled() const noexcept override;
  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] std::string make_id() override;
  void tell(std::string address, agent_message content, bool durable) override;
  void publish(std::string topic, agent_message content) override;
  void subscribe(std::string topic, bool on) override;
  void schedule(milliseconds delay, agent_message content) override;
  void reply(value content) override { answer_ = std::move(content); }
  void ask(std::string address, agent_message content, milliseconds timeout,
           std::function<void(void*, agent_outcome, agent_context&)> then) override;
  [[nodiscard]] std::shared_ptr<agent_later_port> later() override;
  void before_commit(agent_step step) override;
  void start_over() override;
  [[nodiscard]] bool submit(std::function<void()> work) override;
  [[nodiscard]] const value_type& state_type() const noexcept override { return *type_->state; }

 private:
  class answer_to_later;
  class answer_to_step;
  using asked = std::function<void(void*, agent_outcome, agent_context&)>;

  void decode_state();
  void take_turns(agent_continuation then);
  /// Why the turn failed.
  std::optional<agent_end> call(const agent_continuation& then);
  void handle(agent_context& ctx);
  void resumed(std::uint64_t beginning, agent_continuation then);
  void next_step();
  void stepped(std::optional<error> failed);
  void step_done(std::optional<error> failed);
  void finish();
  void end(agent_end how, kept_agent_state state);
  void count();

  const agent_task_message message_;
  const agent_task_surroundings around_;
  std::shared_ptr<const agent_spec> type_;
  kept_agent_state before_;  ///< the state that it began with
  std::atomic<bool> cancelled_{false};

  // Of the thread that has the turn.
  const agent_handler* handler_ = nullptr;
  value content_;
  value state_;  ///< the copy that is changed; empty until one is needed
  value answer_;
  std::size_t counted_ = 0;
  std::vector<agent_action> actions_;  ///< of this turn
  std::deque<agent_step> steps_;

  mutable std::mutex mutex_;
  bool turning_ = true;  ///< somebody has the turn, or is about to have it
  bool ended_ = false;
  std::uint64_t beginning_ = 0;  ///< how often it has started over
  std::size_t open_ = 0;         ///< answers that are awaited
  std::deque<agent_continuation> ready_;
  std::uint64_t last_question_ = 0;
  std::unordered_map<std::uint64_t, asked> questions_;
};

}  // namespace mcp::cluster
