#pragma once

#include "mcp/codec.hpp"
#include "mcp/describe.hpp"
#include "mcp/message.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a server and its workers say to each other: docs/cluster-wire.md. Plain data; each is one
/// message of a `delivery_link`. `bytes` are CBOR that only its reader looks into.
namespace mcp::cluster {

/// The versions of the wire from which on workers handle messages of agents, use the memory store
/// of their runs, know where in a trace a task belongs, and say which versions their plugins have.
inline constexpr std::uint64_t wire_version_of_agents = 2;
inline constexpr std::uint64_t wire_version_of_memory = 2;
inline constexpr std::uint64_t wire_version_of_holds = 2;
inline constexpr std::uint64_t wire_version_of_traces = 2;
inline constexpr std::uint64_t wire_version_of_plugins = 2;

// From a worker.

/// The first message of a worker, but for `plugins_message`.
struct offer_message {
  std::string program{};  ///< version of FastMCP
  std::set<std::string> plugins{};
  std::map<std::string, std::string> labels{};
  std::uint64_t slots = 1;
};
/// One write of a task's result.
struct write_item {
  std::uint64_t channel = 0;
  bool overwrite = false;
  std::string bytes{};
};
struct timeout_item {
  std::int64_t run_ms = 0;
  std::int64_t idle_ms = 0;
};
/// A node, or a send when there is an input.
struct target_item {
  std::string node{};
  std::optional<std::string> bytes{};
  std::optional<timeout_item> timeout{};  ///< of a send; absent: its node's
};
struct failure_item {
  std::uint64_t code = 0;
  std::string message{};
  bool logic = false;
};
struct question_item {
  std::uint64_t index = 0;
  std::string bytes{};
  std::string schema{};
};
/// A task has ended: with writes, a failure, or questions that wait for an answer.
struct result_message {
  std::uint64_t task = 0;
  std::vector<write_item> writes{};
  std::vector<target_item> go_to{};
  std::optional<failure_item> failure{};
  std::vector<question_item> questions{};
};
/// What a task asks of its run and waits for: answered by `told_message`.
struct answer_wanted {
  std::uint64_t index = 0;
};
struct effect_wanted {
  std::string key{};
};
struct effect_kept {
  std::string key{};
  std::string result{};
};
struct charge_wanted {
  std::string counter{};
  std::int64_t amount = 0;
};
struct durability_wanted {
  bool all = true;
};
/// A call of the run's memory store: `memory_wire.hpp`. Of tasks of a system with `memory_message`.
struct memory_wanted {
  std::string request{};
};
/// Part of a budget that the task holds until it is released, or the task is given up.
struct hold_wanted {
  std::string counter{};
  std::int64_t amount = 0;
};
using wish = std::variant<answer_wanted, effect_wanted, effect_kept, charge_wanted,
                          durability_wanted, memory_wanted, hold_wanted>;
struct wish_message {
  std::uint64_t task = 0;
  std::uint64_t number = 0;  ///< of the task's wishes
  wish what{};
};
/// What a task tells its run and does not wait for.
struct sign_of_life {
  bool alive = true;
};
struct refunded {
  std::string counter{};
  std::int64_t amount = 0;
};
struct event_told {
  std::string name{};
  std::string payload{};
};
struct words_told {
  message content{};
};
/// The end of a hold of `held`, of which `used`, at most all, is charged.
struct released {
  std::string counter{};
  std::int64_t held = 0;
  std::int64_t used = 0;
};
using note = std::variant<sign_of_life, refunded, event_told, words_told, released>;
struct note_message {
  std::uint64_t task = 0;
  note what{};
};
/// What a handler of an agent did, in its order; ids are counted on both sides.
struct id_made {
  bool made = true;
};
struct started_over {
  bool made = true;
};
struct message_told {
  std::string to{};
  std::string name{};
  std::string bytes{};
  bool durable = false;
};
struct message_published {
  std::string topic{};
  std::string name{};
  std::string bytes{};
};
struct message_scheduled {
  std::int64_t after_ms = 0;
  std::string name{};
  std::string bytes{};
};
struct topic_wanted {
  std::string topic{};
  bool on = true;
};
struct agent_asked {
  std::uint64_t number = 0;  ///< of the message's questions
  std::string to{};
  std::string name{};
  std::string bytes{};
  std::int64_t timeout_ms = 0;
};
using agent_action = std::variant<id_made, started_over, message_told, message_published,
                                  message_scheduled, topic_wanted, agent_asked>;
/// How a message ended.
struct agent_end {
  std::optional<std::string> state{};  ///< absent: as it was
  std::optional<std::string> reply{};
  std::optional<failure_item> failure{};
  bool rejected = false;       ///< the failure is an answer
  bool state_unknown = false;  ///< the worker does not have the state that the task names
};
/// A handler, or what goes on with it, has returned. Version 2.
struct agent_turn_message {
  std::uint64_t task = 0;
  std::vector<agent_action> actions{};
  std::optional<agent_end> end{};
};
/// The worker ends: it gets no more tasks, and finishes those it has.
struct leaving_message {
  std::string reason{};
};
/// The versions, by name, of the plugins in the offer that comes next. Since version 2 of the wire.
struct plugins_message {
  std::map<std::string, std::string> versions{};
};

// From a server.

/// A cluster file that tasks will name.
struct system_message {
  std::string hash{};
  std::string name{};  ///< of the file, for messages
  std::string text{};
};
/// A field of a state.
struct field_item {
  std::uint64_t index = 0;
  std::string bytes{};
};
/// A state that tasks will name: all of its fields in order, or those that differ from `base`.
struct state_message {
  std::uint64_t state = 0;
  std::uint64_t base = 0;  ///< 0: none
  std::vector<field_item> fields{};
};
/// No task will name it any more, nor stand on it.
struct forget_message {
  std::uint64_t state = 0;
};
/// Run this node.
struct task_message {
  std::uint64_t task = 0;  ///< a number that is used once
  std::string system{};    ///< hash
  std::string graph{};
  std::string node{};
  std::string run_graph{};  ///< what `task_info::graph` says
  std::string run_id{};
  std::string thread_id{};
  std::string ns{};
  std::string task_id{};
  std::int64_t step = 0;
  std::int64_t remaining_steps = 0;
  std::int64_t attempt = 1;
  std::uint64_t state = 0;                ///< of a `state_message`; 0: none
  std::optional<std::string> input{};     ///< of a send
  std::optional<failure_item> failure{};  ///< what a fallback stands in for
};
/// Have an agent handle a message. Version 2.
struct agent_task_message {
  std::uint64_t task = 0;
  std::string system{};  ///< hash
  std::string type{};    ///< LABEL.NAME
  std::string address{};
  std::string message_id{};
  std::string sender{};
  std::string name{};
  std::string content{};
  bool durable = false;
  std::uint64_t state = 0;             ///< the task after which the worker kept it; 0: none
  std::optional<std::string> bytes{};  ///< the state, if not; absent as well: the initial one
};
/// What became of a question of an agent. Version 2.
struct agent_answer_message {
  std::uint64_t task = 0;
  std::uint64_t number = 0;
  std::optional<std::string> bytes{};
  std::optional<failure_item> failure{};
};
/// Nobody wants the task's result any more.
struct cancel_message {
  std::uint64_t task = 0;
};
/// What became of a wish.
struct told_message {
  std::uint64_t task = 0;
  std::uint64_t number = 0;
  std::optional<std::string> bytes{};  ///< the answer, the effect's result, the memory's answer
  std::optional<failure_item> failure{};
};
/// The runs of a system that the worker knows have a memory store. Since version 2 of the wire.
struct memory_message {
  std::string system{};  ///< hash
};

/// Where in a trace the task belongs that comes next. Since version 2 of the wire.
struct trace_message {
  std::uint64_t task = 0;
  std::string traceparent{};
};

MCP_STRUCT(offer_message, program, plugins, labels, slots)
MCP_STRUCT(write_item, channel, overwrite, bytes)
MCP_STRUCT(timeout_item, run_ms, idle_ms)
MCP_STRUCT(target_item, node, bytes, timeout)
MCP_STRUCT(failure_item, code, message, logic)
MCP_STRUCT(question_item, index, bytes, schema)
MCP_STRUCT(result_message, task, writes, go_to, failure, questions)
MCP_STRUCT(answer_wanted, index)
MCP_STRUCT(effect_wanted, key)
MCP_STRUCT(effect_kept, key, result)
MCP_STRUCT(charge_wanted, counter, amount)
MCP_STRUCT(hold_wanted, counter, amount)
MCP_STRUCT(durability_wanted, all)
MCP_STRUCT(memory_wanted, request)
MCP_STRUCT(wish_message, task, number, what)
MCP_STRUCT(sign_of_life, alive)
MCP_STRUCT(refunded, counter, amount)
MCP_STRUCT(released, counter, held, used)
MCP_STRUCT(event_told, name, payload)
MCP_STRUCT(words_told, content)
MCP_STRUCT(note_message, task, what)
MCP_STRUCT(leaving_message, reason)
MCP_STRUCT(plugins_message, versions)
MCP_STRUCT(id_made, made)
MCP_STRUCT(started_over, made)
MCP_STRUCT(message_told, to, name, bytes, durable)
MCP_STRUCT(message_published, topic, name, bytes)
MCP_STRUCT(message_scheduled, after_ms, name, bytes)
MCP_STRUCT(topic_wanted, topic, on)
MCP_STRUCT(agent_asked, number, to, name, bytes, timeout_ms)
MCP_STRUCT(agent_end, state, reply, failure, rejected, state_unknown)
MCP_STRUCT(agent_turn_message, task, actions, end)
MCP_STRUCT(agent_task_message, task, system, type, address, message_id, sender, name, content,
           durable, state, bytes)
MCP_STRUCT(agent_answer_message, task, number, bytes, failure)
MCP_STRUCT(system_message, hash, name, text)
MCP_STRUCT(task_message, task, system, graph, node, run_graph, run_id, thread_id, ns, task_id, step,
           remaining_steps, attempt, state, input, failure)
MCP_STRUCT(field_item, index, bytes)
MCP_STRUCT(state_message, state, base, fields)
MCP_STRUCT(forget_message, state)
MCP_STRUCT(cancel_message, task)
MCP_STRUCT(told_message, task, number, bytes, failure)
MCP_STRUCT(memory_message, system)
MCP_STRUCT(trace_message, task, traceparent)

using worker_message = std::variant<offer_message, result_message, wish_message, note_message,
                                    leaving_message, agent_turn_message, plugins_message>;
using server_message = std::variant<system_message, state_message, forget_message, task_message,
                                    cancel_message, told_message, agent_task_message,
                                    agent_answer_message, memory_message, trace_message>;

/// Throws `malformed_answer` with what is wrong.
[[nodiscard]] worker_message read_worker_message(std::string_view bytes);
[[nodiscard]] server_message read_server_message(std::string_view bytes);

/// The version of the wire that brought this kind of message, wish or note: who speaks an earlier
/// one cannot read it.
[[nodiscard]] std::uint64_t version_of(const worker_message& what) noexcept;
[[nodiscard]] std::uint64_t version_of(const server_message& what) noexcept;

}  // namespace mcp::cluster
