#pragma once

#include "mcp/agent_context.hpp"
#include "mcp/agent_supervision.hpp"
#include "mcp/executor_base.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcp {

namespace actors {
class agent_hub;
class ask_ticket;
}  // namespace actors

struct agent_system_options {
  std::string name = "agents";  ///< of the system, within its store; non-empty, without '/'
  std::shared_ptr<checkpoint_store> store{};  ///< null: nothing survives the process
  std::optional<actor_runtime> runtime{};     ///< absent: the shared one
  std::size_t max_agents = 10'000'000;        ///< in memory; more are refused with `overloaded`
  std::size_t max_timers = 1'000'000;         ///< of `agent_context::schedule`
  std::size_t max_subscribers = 1'000'000;    ///< of one topic
  std::vector<supervisor> supervision{};      ///< trees over types of this system
  std::shared_ptr<mcp::metrics> metrics{};    ///< where its work is counted; null: nowhere
};

/// How a message is sent.
struct send_options {
  std::string id{};      ///< of the message: idempotency key; empty: made up
  std::string sender{};  ///< address of the sender, if it is an agent
};

/// What became of a published message.
struct publish_report {
  std::size_t delivered = 0;
  std::size_t missed = 0;  ///< subscribers that refused it: mailbox full, stopped
};

enum class agent_phase : std::uint8_t {
  loading,    ///< the state is on its way from the store
  ready,      ///< between two messages
  turn,       ///< a handler, or a continuation of it, runs
  waiting,    ///< for what the handler asked
  preparing,  ///< for what must be there before the state counts
  saving,     ///< for the store
  releasing,  ///< replies and messages go out
  stopped,    ///< refuses
  gone,       ///< asleep, or never there
};
[[nodiscard]] MCP_EXPORT std::string_view name(agent_phase phase) noexcept;

/// An agent as it is now.
struct agent_status {
  agent_phase phase = agent_phase::gone;
  std::size_t waiting = 0;         ///< messages in its mailbox
  std::uint64_t handled = 0;       ///< messages since it woke, failed ones included
  std::uint64_t failed = 0;        ///< messages since it woke
  std::optional<error> stopped{};  ///< why it refuses
  std::vector<std::string> topics{};
};

struct agent_counts {
  std::size_t awake = 0;          ///< agents with an actor, or stopped
  std::size_t asleep = 0;         ///< agents whose state is kept in memory; zero with a store
  std::uint64_t woken = 0;        ///< activations so far
  std::uint64_t undelivered = 0;  ///< sends of handlers and timers that were refused
  std::uint64_t replaced = 0;     ///< actors that died and were replaced
};

/// An ask under way. Cheap to copy; letting go of it changes nothing.
class MCP_EXPORT agent_call {
 public:
  explicit agent_call(std::shared_ptr<actors::ask_ticket> ticket) : ticket_(std::move(ticket)) {}
  /// The answer is not wanted any more: its handler hears `cancelled`, unless it was called before.
  /// A message that still waits is withdrawn; `agent_context::cancelled` tells one at work.
  void cancel() const;

 private:
  std::shared_ptr<actors::ask_ticket> ticket_;
};

/// The agents of some types, by address: each exists as soon as somebody writes to it. Safe from
/// several threads; the forms that wait are refused with `invalid_argument` on threads of the
/// runtime (in handlers and nodes). Its destructor stops the agents after the message they are at
/// and lets go of the store; durable messages go on in the next system of the same name on the same
/// store. What handlers refer to must outlive it.
///
/// Errors of all sends: `invalid_argument` (address), `unknown_agent` (type), `unknown_message`,
/// `invalid_state` (the message does not fit), `overloaded`, `agent_stopped`, `shutting_down`.
class MCP_EXPORT agent_system {
 public:
  using answer_handler = std::function<void(agent_outcome)>;
  using accepted_handler = std::function<void(std::optional<error>)>;

  /// Goes on with the store's durable messages of these types. Throws `thread_busy` when another
  /// system of this name is at work on the store, `invalid_argument` with all that is wrong with
  /// the supervision, and what `add` throws.
  explicit agent_system(agent_system_options options, std::vector<agent_spec> types = {});
  ~agent_system();
  agent_system(const agent_system&) = delete;
  agent_system& operator=(const agent_system&) = delete;

  /// One more type; goes on with its durable messages. Throws `invalid_argument` for a type that is
  /// known or not complete.
  void add(agent_spec type);

  /// Puts a message into a mailbox.
  template <class M>
  void tell(std::string_view address, M&& message, send_options how = {}) {
    send(address, detail::make_agent_message(std::forward<M>(message)), std::move(how));
  }
  /// Returns once the message is in the store. Throws `no_store` too.
  template <class M>
  void tell_durable(std::string_view address, M&& message, send_options how = {}) {
    send_durable(address, detail::make_agent_message(std::forward<M>(message)), std::move(how));
  }
  /// Waits for the reply, at most `timeout` (must be positive). Throws the error of the handler,
  /// `call_timeout`. The type of the reply is named, or declared by the message (`using reply`).
  template <class R = void, class M>
  auto ask(std::string_view address, M&& message, milliseconds timeout, send_options how = {}) {
    const auto outcome = wait_for(address, detail::make_agent_message(std::forward<M>(message)),
                                  timeout, std::move(how));
    using declared = typename detail::reply_of<std::remove_cvref_t<M>>::type;
    if constexpr (!std::is_void_v<R>) {
      return outcome.template as<R>();
    } else if constexpr (!std::is_void_v<declared>) {
      return outcome.template as<declared>();
    } else {
      if (outcome.error) throw *outcome.error;
    }
  }
  /// Calls `then` once, with the reply or the error, on any thread; it must not block.
  template <class M>
  agent_call ask_then(std::string_view address, M&& message, milliseconds timeout,
                      answer_handler then, send_options how = {}) {
    return call(address, detail::make_agent_message(std::forward<M>(message)), timeout,
                std::move(then), std::move(how));
  }
  /// Sends to all subscribers of a topic.
  template <class M>
  publish_report publish(std::string_view topic, M&& message) {
    return send_to_all(topic, detail::make_agent_message(std::forward<M>(message)));
  }

  // By name, as JSON.
  void tell_json(std::string_view address, std::string_view name, std::string_view json,
                 send_options how = {});
  [[nodiscard]] std::string ask_json(std::string_view address, std::string_view name,
                                     std::string_view json, milliseconds timeout,
                                     send_options how = {});
  publish_report publish_json(std::string_view topic, std::string_view name, std::string_view json);

  // Erased.
  void send(std::string_view address, agent_message message, send_options how);
  void send_durable(std::string_view address, agent_message message, send_options how);
  /// `then` is called once the message is in the store, or with the reason why not.
  void send_durable_then(std::string_view address, agent_message message, send_options how,
                         accepted_handler then);
  [[nodiscard]] agent_outcome wait_for(std::string_view address, agent_message message,
                                       milliseconds timeout, send_options how);
  agent_call call(std::string_view address, agent_message message, milliseconds timeout,
                  answer_handler then, send_options how);
  publish_report send_to_all(std::string_view topic, const agent_message& message);

  /// Waits until the agent has done it; with a store and `sync`, until it is durable.
  void subscribe(std::string_view address, std::string_view topic);
  void unsubscribe(std::string_view address, std::string_view topic);
  [[nodiscard]] std::size_t subscribers(std::string_view topic) const;

  /// Stops an agent: what waits is refused with `agent_stopped`, the message at work fails unless
  /// its handler is about to be done. Durable messages stay in the store.
  void stop(std::string_view address, std::string reason);
  /// Stops all agents that are awake.
  void stop_all(const std::string& reason);
  /// Lets a stopped agent start again, and the team of one that was given up with it. False when it
  /// is not stopped, not yet, or by `stop_tree`.
  bool revive(std::string_view address);
  /// Stops all agents below a supervisor, or only those of a key, and refuses what comes to them;
  /// durable when it returns, if there is a store. Throws `invalid_argument` (name, key),
  /// `overloaded`, and what a store throws: then it holds in this process, but not in the next.
  void stop_tree(std::string_view supervisor, std::string reason, std::string_view key = {});
  /// Ends all stops of a supervisor and of those below it, or only those of a key, and lets what is
  /// stopped there start again. False when nothing was. Throws like `stop_tree`.
  bool revive_tree(std::string_view supervisor, std::string_view key = {});
  /// Parents before children; at most `most` stops in all.
  [[nodiscard]] std::vector<supervisor_status> tree_status(std::size_t most = 1'000) const;
  [[nodiscard]] agent_status status(std::string_view address) const;
  [[nodiscard]] agent_counts counts() const;
  /// Names of the types, sorted.
  [[nodiscard]] std::vector<std::string> types() const;
  /// Ends the actor of an agent that is awake, as a defect in it would; for tests of supervision.
  void kill_actor(std::string_view address);

 private:
  std::shared_ptr<actors::agent_hub> hub_;
};

}  // namespace mcp
