#pragma once

#include "mcp/agent.hpp"
#include "mcp/executor.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A graph as an agent.
namespace mcp {

/// A question in which a run waits, as `run_report` shows it.
struct run_question {
  std::string id{};
  std::string node{};
  std::string question{};  ///< JSON text
  std::string schema{};    ///< JSON Schema of the answer; may be empty
};
MCP_STRUCT(run_question, id, node, question, schema)

/// What a graph agent replies.
struct run_report {
  std::string status{};  ///< name of a run_status: "done", "interrupted", "failed", "cancelled"
  std::string thread_id{};
  std::string error{};  ///< of a run that failed
  std::vector<run_question> questions{};
  std::string state{};  ///< JSON text; empty when a failure damaged it

  [[nodiscard]] bool done() const { return status == name(run_status::done); }
};
MCP_STRUCT(run_report, status, thread_id, error, questions, state)

/// To a graph agent: goes on with its interrupted run.
struct run_answers {
  std::map<std::string, std::string> answers{};  ///< question id to JSON; "" is the only question
  using reply = run_report;
};
MCP_STRUCT(run_answers, answers)

/// State of a graph agent, besides its thread's.
struct graph_agent_state {
  std::int64_t runs = 0;  ///< that ended or waited, so far
  std::string last_status{};
};
MCP_STATE(graph_agent_state, runs, last_status)

namespace detail {

[[nodiscard]] MCP_EXPORT run_report report_of(const run_result_info& info);
[[nodiscard]] MCP_EXPORT std::string channels_to_json(const state_pointer& state);

template <class State>
run_report report_of_run(const run_result_info& info) {
  auto report = report_of(info);
  if (!info.state) return report;
  if constexpr (has_codec<State>) {
    report.state = to_json(info.state.template as<State>());
  } else {
    report.state = channels_to_json(info.state);
  }
  return report;
}

/// Goes on with the agent's message when the run has ended.
template <class State>
void reply_when_finished(const run_handle_base& run, agent_context& ctx) {
  run.when_finished([later = ctx.later<graph_agent_state>()](const run_result_info& info) {
    try {
      later.resume([report = report_of_run<State>(info)](graph_agent_state& s, agent_context& on) {
        ++s.runs;
        s.last_status = report.status;
        on.reply(report);
      });
    } catch (const error& what) {  // a state that cannot be written as JSON
      later.fail(what);
    } catch (const std::exception& what) {
      later.fail({errc::agent_failed, what.what()});
    }
  });
}

}  // namespace detail

/// A graph as an agent: each message becomes a run, one after the other, on a thread of the agent's
/// own ("agent " and its address), so that the runs share their state. `to_state(const Message&)`
/// makes the input; the reply is a `run_report`. A run that waits for an answer is reported as
/// "interrupted"; `run_answers` goes on with it. Asks need a timeout as long as a run.
/// After a crash a durable message waits for the run it had started, if that goes on; a run that
/// had ended just before is repeated.
///     auto type = mcp::graph_agent<question>("researcher", executor,
///                                            [](const question& q) { return State{.text = q.text};
///                                            });
template <class Message, class State, class ToState>
[[nodiscard]] auto graph_agent(std::string type, std::shared_ptr<executor<State>> executor,
                               ToState to_state, agent_options options = {}) {
  options.blocking = true;  // accepting a run waits for its store
  const auto thread_of = [](const agent_context& ctx) {
    return "agent " + std::string{ctx.address()};
  };
  return agent<graph_agent_state>(std::move(type))
      .on([executor, to_state = std::move(to_state), thread_of](
              const graph_agent_state&, const Message& message, agent_context& ctx) {
        const auto thread = thread_of(ctx);
        if (const auto running = executor->find(thread)) {
          return detail::reply_when_finished<State>(*running, ctx);
        }
        detail::reply_when_finished<State>(
            executor->start(to_state(message), {.thread_id = thread}), ctx);
      })
      .on([executor, thread_of](const graph_agent_state&, const run_answers& message,
                                agent_context& ctx) {
        answers given;
        for (const auto& [id, json] : message.answers) given.add_json(id, json);
        detail::reply_when_finished<State>(executor->resume(thread_of(ctx), std::move(given)), ctx);
      })
      .options(options);
}

}  // namespace mcp
