#pragma once

#include "mcp/agent_spec.hpp"
#include "mcp/node.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace mcp {

/// Which message of which agent is at work.
struct agent_info {
  std::string_view address{};  ///< "type/key"
  std::string_view type{};
  std::string_view key{};
  std::string_view message_id{};  ///< the same when a durable message is repeated after a crash
  std::string_view sender{};      ///< address of the agent that sent it; empty: from outside
  std::string_view message{};     ///< its name
  bool durable = false;           ///< it was told durably
};

/// The id of the `number`th thing, from 1 on, that a message makes or sends.
[[nodiscard]] MCP_EXPORT std::string make_agent_id(std::string_view message_id,
                                                   std::size_t number);

/// Work that goes on later on the agent: runs `then` on the state of the message at work.
using agent_continuation = std::function<void(void* state, agent_context& ctx)>;

/// Where the answer to `agent_context::later` goes. Safe from any thread. Gone without an answer,
/// the message fails with `reply_dropped`.
class MCP_EXPORT agent_later_port {
 public:
  agent_later_port() = default;
  agent_later_port(const agent_later_port&) = delete;
  agent_later_port& operator=(const agent_later_port&) = delete;
  virtual ~agent_later_port();
  /// The first call counts. Nothing happens when the message has failed meanwhile.
  virtual void resume(agent_continuation then) = 0;
  virtual void fail(error reason) = 0;
  /// False when the message has ended, or nobody waits for its answer any more.
  [[nodiscard]] virtual bool wanted() const noexcept = 0;
};

/// Something that has to be done before a message counts as handled; calls back once, from any
/// thread, with nothing or why it failed.
using agent_step = std::function<void(std::function<void(std::optional<error>)> done)>;

/// What a context asks of the system; a test can play it.
class MCP_EXPORT agent_port {
 public:
  agent_port() = default;
  agent_port(const agent_port&) = delete;
  agent_port& operator=(const agent_port&) = delete;
  virtual ~agent_port();
  [[nodiscard]] virtual agent_info info() const = 0;
  [[nodiscard]] virtual bool cancelled() const noexcept = 0;
  [[nodiscard]] virtual std::chrono::system_clock::time_point now() const = 0;
  [[nodiscard]] virtual std::string make_id() = 0;
  virtual void tell(std::string address, agent_message message, bool durable) = 0;
  virtual void publish(std::string topic, agent_message message) = 0;
  virtual void subscribe(std::string topic, bool on) = 0;
  virtual void schedule(milliseconds delay, agent_message message) = 0;
  virtual void reply(value content) = 0;
  virtual void ask(std::string address, agent_message message, milliseconds timeout,
                   std::function<void(void*, agent_outcome, agent_context&)> then) = 0;
  [[nodiscard]] virtual std::shared_ptr<agent_later_port> later() = 0;
  virtual void before_commit(agent_step step) = 0;
  virtual void start_over() = 0;
  /// Runs `work` on the pool for blocking work; false when its queue is full.
  [[nodiscard]] virtual bool submit(std::function<void()> work) = 0;
  /// The type of the agent's state.
  [[nodiscard]] virtual const value_type& state_type() const noexcept = 0;
};

/// Leaves a handler that answers with an error; not a failure. Not a std::exception, so that a
/// handler's own handlers let it pass.
struct agent_rejection {
  error reason;
};

/// Goes on with a message later; see `agent_context::later`. Copies share one answer.
template <class State>
class agent_later {
 public:
  explicit agent_later(std::shared_ptr<agent_later_port> port) : port_(std::move(port)) {}
  /// Calls `then(State&, agent_context&)` on the agent, with the state as the handler left it.
  template <class Then>
  void resume(Then then) const {
    port_->resume([then = std::move(then)](void* state, agent_context& ctx) mutable {
      then(*static_cast<State*>(state), ctx);
    });
  }
  /// Fails the message.
  void fail(error reason) const { port_->fail(std::move(reason)); }
  /// False when nothing would come of going on.
  [[nodiscard]] bool wanted() const noexcept { return port_->wanted(); }

 private:
  std::shared_ptr<agent_later_port> port_;
};

/// A handler's view of its agent. Valid during the call it was given to, used by that thread.
/// What is sent goes out when the message is done, and not at all if it fails.
/// Throws `too_large` for more than 10,000 sends or 1,000 open questions of one message.
class agent_context {
 public:
  explicit agent_context(agent_port& port) noexcept : port_(&port) {}

  [[nodiscard]] agent_info info() const { return port_->info(); }
  [[nodiscard]] std::string_view address() const { return port_->info().address; }
  [[nodiscard]] std::string_view key() const { return port_->info().key; }
  [[nodiscard]] std::string_view message_id() const { return port_->info().message_id; }
  [[nodiscard]] std::string_view sender() const { return port_->info().sender; }
  /// True when nobody waits for the answer any more, or the agent is being stopped.
  [[nodiscard]] bool cancelled() const noexcept { return port_->cancelled(); }
  [[nodiscard]] std::chrono::system_clock::time_point now() const { return port_->now(); }

  /// An id for something the message does: another one at each call, the same ones when the message
  /// is repeated after a crash. 32 hexadecimal digits.
  [[nodiscard]] std::string make_id() { return port_->make_id(); }

  /// Sends to another agent, or to itself. If it is refused then, it is counted in
  /// `agent_counts::undelivered` and named in the log.
  template <class M>
  void tell(std::string address, M&& message) {
    port_->tell(std::move(address), detail::make_agent_message(std::forward<M>(message)), false);
  }
  /// The same, durable before this message counts as handled; if it is refused this message fails.
  template <class M>
  void tell_durable(std::string address, M&& message) {
    port_->tell(std::move(address), detail::make_agent_message(std::forward<M>(message)), true);
  }
  /// Sends to all subscribers of a topic.
  template <class M>
  void publish(std::string topic, M&& message) {
    port_->publish(std::move(topic), detail::make_agent_message(std::forward<M>(message)));
  }
  void subscribe(std::string topic) { port_->subscribe(std::move(topic), true); }
  void unsubscribe(std::string topic) { port_->subscribe(std::move(topic), false); }
  /// Sends to itself after a delay, also if asleep by then; lost with the process.
  template <class M>
  void schedule(milliseconds delay, M&& message) {
    port_->schedule(delay, detail::make_agent_message(std::forward<M>(message)));
  }
  /// The answer to whoever asked; what a handler returns comes to the same. The last one counts.
  template <class R>
  void reply(R&& content) {
    port_->reply(value{std::forward<R>(content)});
  }
  /// Answers with an error. The state stays as it was, nothing goes out, and it is no failure.
  [[noreturn]] void reject(error reason) const { throw agent_rejection{std::move(reason)}; }

  /// Asks another agent; `then(State&, agent_outcome, agent_context&)` goes on with this message
  /// when the answer, or the error, is there. Until then the agent takes no other message.
  template <class M, class Then>
  void ask(std::string address, M&& message, milliseconds timeout, Then then) {
    using arguments = typename detail::callable<std::remove_cvref_t<Then>>::arguments;
    static_assert(std::tuple_size_v<arguments> == 3,
                  "an answer goes to then(State&, mcp::agent_outcome, mcp::agent_context&)");
    using state = std::remove_cvref_t<std::tuple_element_t<0, arguments>>;
    check_state<state>();
    port_->ask(
        std::move(address), detail::make_agent_message(std::forward<M>(message)), timeout,
        [then = std::move(then)](void* object, agent_outcome outcome, agent_context& ctx) mutable {
          then(*static_cast<state*>(object), std::move(outcome), ctx);
        });
  }
  /// For calls that answer through a callback: this message goes on with `resume` of the returned
  /// object, from any thread. Until then the agent takes no other message.
  template <class State>
  [[nodiscard]] agent_later<State> later() {
    check_state<State>();
    return agent_later<State>{port_->later()};
  }

  /// Does `work`, which may block, before this message counts as handled; if it throws, the message
  /// fails. After a crash it may be done again: make it idempotent with `message_id()`.
  void before_commit(std::function<void()> work) {
    before_commit_step(blocking_step(std::move(work)));
  }
  /// The same for work that calls back.
  void before_commit_step(agent_step step) { port_->before_commit(std::move(step)); }

  /// Forgets all that this message has sent, asked, subscribed to and answered so far, and counts
  /// ids anew, as if its handler had just begun: for work that was lost elsewhere and is repeated.
  /// What was awaited comes too late now. The state is as the handler has left it.
  void start_over() { port_->start_over(); }
  /// For messages and states without a C++ type.
  [[nodiscard]] agent_port& port() const noexcept { return *port_; }

 private:
  [[nodiscard]] MCP_EXPORT agent_step blocking_step(std::function<void()> work) const;
  template <class State>
  void check_state() const {
    if (port_->state_type().same(value_type_of<State>)) return;
    throw error{
        errc::invalid_argument,
        "what goes on with a message takes the state of its agent, and this is another type"};
  }

  agent_port* port_;
};

}  // namespace mcp
