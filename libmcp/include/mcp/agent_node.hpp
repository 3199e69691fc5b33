#pragma once

#include "mcp/agent.hpp"
#include "mcp/executor.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Graphs that ask agents, and agents that start and wake runs. A graph as an agent:
/// <mcp/graph_agent.hpp>.
namespace mcp {

namespace detail {

/// A question that can be withdrawn before it was asked. Safe from several threads.
class MCP_EXPORT withdrawable {
 public:
  withdrawable();
  withdrawable(const withdrawable&) = delete;
  withdrawable& operator=(const withdrawable&) = delete;
  ~withdrawable();
  void asked(agent_call call);
  void withdraw();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace detail

/// Starts a run of `executor` before the message at work counts as handled. The thread is named
/// after the message (`ctx.make_id()`), or `options.thread_id`, which must be this message's alone:
/// repeated after a crash, the message finds the thread and starts nothing. Returns the thread's
/// id. If the run is refused the message fails.
template <class State>
std::string start_run(agent_context& ctx, std::shared_ptr<executor<State>> executor, State input,
                      run_options options = {}) {
  if (options.thread_id.empty()) options.thread_id = "message-" + ctx.make_id();
  const auto thread = options.thread_id;
  ctx.before_commit(
      [executor = std::move(executor), input = std::move(input), options = std::move(options)] {
        if (executor->find(options.thread_id)) return;
        try {
          static_cast<void>(executor->state(options.thread_id));
          return;  // it was started, and has ended
        } catch (const error& what) {
          if (what.code() != errc::unknown_thread && what.code() != errc::no_store) throw;
        }
        static_cast<void>(executor->start(input, options));
      });
  return thread;
}

/// Answers an interrupted thread before the message at work counts as handled. A thread that waits
/// for nothing any more was answered by the same message before a crash: nothing is done.
template <class State>
void resume_run(agent_context& ctx, std::shared_ptr<executor<State>> executor, std::string thread,
                answers given) {
  ctx.before_commit(
      [executor = std::move(executor), thread = std::move(thread), given = std::move(given)] {
        if (executor->find(thread) || executor->state(thread).interrupts.empty()) return;
        static_cast<void>(executor->resume(thread, given));
      });
}

/// A node that asks an agent. `address(const State&)` and `request(const State&)` say whom and
/// what, `apply(const Reply&)` makes the reply an update. The reply type is the one the message
/// declares; for an `agent_message` it is the `agent_outcome`, whose error `apply` throws. The
/// message's id is the task's, so that an agent can tell a repeated question. When
/// the result is not wanted any more (cancel, timeout of the node) the question is withdrawn.
/// `system` must outlive the executor.
///     graph.node("price", mcp::agent_node<State>(agents, to, ask, apply,
///     std::chrono::seconds{5}));
template <class State, class Address, class Request, class Apply>
[[nodiscard]] auto agent_node(agent_system& system, Address address, Request request, Apply apply,
                              milliseconds timeout = milliseconds{30'000}) {
  using asked = std::remove_cvref_t<std::invoke_result_t<Request&, const State&>>;
  constexpr bool erased = std::same_as<asked, agent_message>;
  using answer =
      std::conditional_t<erased, agent_outcome, typename detail::reply_of<asked>::type>;
  static_assert(!std::is_void_v<answer>,
                "the message of an agent node declares `using reply = ...`");
  return [&system, address = std::move(address), request = std::move(request),
          apply = std::move(apply), timeout](const State& s, context& ctx, reply<State> to) {
    auto content = [&] {
      if constexpr (erased) {
        return request(s);
      } else {
        return detail::make_agent_message(request(s));
      }
    }();
    std::string whom{address(s)};
    const auto question = std::make_shared<detail::withdrawable>();
    ctx.on_cancel([question] { question->withdraw(); });
    ctx.when_durable([&system, apply, timeout, to, question, whom = std::move(whom),
                      content = std::move(content), id = ctx.task_id()] {
      const auto then = [apply, to](const agent_outcome& outcome) {
        try {
          if constexpr (erased) {
            to.done(apply(outcome));
          } else {
            to.done(apply(outcome.template as<answer>()));
          }
        } catch (const error& what) {
          to.fail(what);
        } catch (const std::exception& what) {
          to.fail(std::string{what.what()});
        }
      };
      try {
        question->asked(system.call(whom, content, timeout, then, {.id = id}));
      } catch (const error& what) {
        to.fail(what);
      }
    });
  };
}

}  // namespace mcp
