#pragma once

#include "cluster/messages.hpp"
#include "cluster/placement.hpp"
#include "cluster/raw_cbor.hpp"
#include "cluster/remote_nodes.hpp"
#include "mcp/agent_context.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mcp::cluster {

/// A message of an agent that a worker handles. What the worker says its handler did is done here,
/// in the agent's name and on its actor, as if the handler had been called here; the agent waits
/// for it as for any answer. Safe from several threads.
class remote_agent_call final : public std::enable_shared_from_this<remote_agent_call> {
 public:
  /// `head`: without task and state.
  remote_agent_call(agent_task_message head, raw_cbor state, task_demand demand,
                    std::shared_ptr<remote_nodes> workers);

  [[nodiscard]] const agent_task_message& head() const noexcept { return head_; }
  [[nodiscard]] const raw_cbor& state() const noexcept { return state_; }
  [[nodiscard]] const task_demand& demand() const noexcept { return demand_; }

  /// From the handler: has the message handled.
  void begin(agent_context& ctx);

  /// A worker was given the message, and will begin with it.
  void placed();
  /// What a worker did. `state`: what it ended with, if it has changed.
  void turn(agent_turn_message what, raw_cbor state);
  /// No worker will do it. Durable messages that only want for workers are not to be given up: see
  /// `outlasts`.
  void fail(error reason);
  [[nodiscard]] bool outlasts(const error& reason) const;
  /// False when nobody waits for the answer any more, or the agent was stopped.
  [[nodiscard]] bool wanted() const;

 private:
  struct began {};
  struct turned {
    agent_turn_message what{};
    raw_cbor state{};
  };
  using happening = std::variant<began, turned, error>;

  void push(happening what);
  void go_on(raw_cbor& state, agent_context& ctx);
  /// Whether the message is over.
  bool apply(began, raw_cbor& state, agent_context& ctx);
  bool apply(turned& what, raw_cbor& state, agent_context& ctx);
  bool apply(error& reason, raw_cbor& state, agent_context& ctx);
  void act(agent_action& what, std::uint64_t task, agent_port& port);
  void ask(agent_asked& what, std::uint64_t task, agent_port& port);

  const agent_task_message head_;
  const raw_cbor state_;
  const task_demand demand_;
  const std::shared_ptr<remote_nodes> workers_;

  mutable std::mutex mutex_;
  std::deque<happening> happened_;              ///< and was not done here yet
  std::optional<agent_later<raw_cbor>> later_;  ///< the last that the agent waited for
  bool waits_ = false;                          ///< for what happens next
  bool acting_ = false;                         ///< what happened is being done here
  bool worked_ = false;                         ///< a worker has done something already
  bool over_ = false;
};

/// An agent type whose messages, of whatever name, are handled by workers that fit `demand`.
/// `system` is the hash of the cluster file.
[[nodiscard]] agent_spec make_remote_agent(std::string type, agent_options options,
                                           std::string system, task_demand demand,
                                           std::shared_ptr<remote_nodes> workers);

}  // namespace mcp::cluster
