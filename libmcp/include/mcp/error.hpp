#pragma once

#include "mcp/export.hpp"

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace mcp {

/// The one table of error codes: name, number, what a caller should do next.
/// Numbers are stable for ever. Each code has a section in docs/errors.md.
#define MCP_ERROR_CODES(X)                                                                       \
  X(invalid_graph, 100, "fix the problems listed; each says how")                                \
  X(invalid_state, 101, "compare the input with the schema of the state")                        \
  X(invalid_argument, 102, "correct the argument named in the message")                          \
  X(unknown_node, 103, "use the name of a node of this graph, or mcp::end")                      \
  X(invalid_update, 110, "give the field a reducer, or let one node write it per superstep")     \
  X(recursion_limit, 111, "look at the reported cycle for a missing exit, or raise the limit")   \
  X(node_failed, 120, "see the cause; add a retry policy or a fallback if it is passing")        \
  X(node_timeout, 121, "raise the node's timeout, call ctx.heartbeat(), or make it faster")      \
  X(reply_dropped, 122, "answer every reply object exactly once, with a value or an error")      \
  X(circuit_open, 123, "wait until the breaker's cool-down has passed, or use a fallback")       \
  X(actor_died, 124, "see the cause; when it was a node's actor, it is restarted")               \
  X(invalid_goto, 125, "route to a node of this graph, to mcp::end, or send to a node")          \
  X(cancelled, 130, "start or resume the run again if this was not meant")                       \
  X(deadline_exceeded, 131, "raise the run's deadline; resume goes on where it stopped")         \
  X(budget_exceeded, 132, "raise the budget; resume goes on where it stopped")                   \
  X(overloaded, 133, "try again later, or raise the named limit")                                \
  X(interrupted, 140, "answer the pending interrupts with executor.resume")                      \
  X(unknown_interrupt, 141, "answer only interrupts that are pending")                           \
  X(ambiguous_answer, 142, "several interrupts are pending: answer them by id")                  \
  X(invalid_answer, 143, "send an answer that fits the interrupt's schema")                      \
  X(no_store, 150, "give the executor a checkpoint store")                                       \
  X(unknown_thread, 151, "check the thread id; nothing is stored under it")                      \
  X(unknown_run, 152, "check the run id; the store has no such run")                             \
  X(unknown_checkpoint, 153, "take a checkpoint id from executor.history")                       \
  X(thread_busy, 154, "wait for the thread's run with join, or cancel it")                       \
  X(unknown_version, 155, "go on with it where that version runs, or cancel the run")            \
  X(store_failed, 160, "see the cause; accepted runs go on when the store works again")          \
  X(store_full, 161, "free disk space; accepted runs go on after a restart")                     \
  X(corrupt_store, 162, "restore the file from a backup; docs/retention.md says how")            \
  X(newer_format, 163, "use a version of FastMCP at least as new as the one that wrote it")      \
  X(invalid_namespace, 164, "use non-empty labels without '.', not starting with 'mcp'")         \
  X(lease_lost, 165, "start this process anew; others go on with its runs")                      \
  X(malformed_json, 170, "correct the text at the position named in the message")                \
  X(malformed_cbor, 171, "the bytes are damaged or not ours: take them from their source again") \
  X(invalid_schema, 172, "correct the JSON Schema at the place named in the message")            \
  X(too_large, 173, "keep the input under the limit named in the message")                       \
  X(event_gone, 180, "read the stream sooner, or raise run_options::event_capacity")             \
  X(shutting_down, 190, "the executor is stopping: start the run elsewhere, or again later")     \
  X(model_rejected, 200, "correct the request; the provider's message says what it refused")     \
  X(unauthorized, 201, "check the API key and what it may be used for")                          \
  X(rate_limited, 202, "wait as long as the message says, or give the model a lower rate limit") \
  X(quota_exhausted, 203, "raise the account's quota or its credit; trying again does not help") \
  X(connection_failed, 204, "check the address, the proxy, the network and the certificate")     \
  X(call_timeout, 205, "raise the timeout that the message names, or look at the far end")       \
  X(malformed_answer, 206, "see the message; the far end does not speak the protocol it should") \
  X(server_failed, 207, "try again later; the fault is at the far end")                          \
  X(cassette_miss, 208, "record the cassette again; the request differs from all recorded ones") \
  X(guard_refused, 209, "change the text, or the rules of the guard if it was meant to pass")    \
  X(tool_failed, 210, "see the cause; the model is told when the tool handles its errors")       \
  X(invalid_tool_call, 211, "compare the arguments with the tool's schema")                      \
  X(access_denied, 212, "allow the host or folder in the options of the tool if this was meant") \
  X(unknown_agent, 220, "use an address whose type was given to the agent system")               \
  X(unknown_message, 221, "send a message that the agent's type has a handler for")              \
  X(agent_failed, 222, "see the cause; the agent goes on with the state before the message")     \
  X(agent_stopped, 223, "see the reason; agent_system::revive lets it start again")              \
  X(agent_restarted, 224, "see the failure it names; send the message again if that is safe")    \
  X(invalid_cluster_file, 230, "correct the file at the line and column named in the message")   \
  X(script_failed, 231, "correct the script, or raise the limit that the message names")         \
  X(invalid_plugin, 232, "see the reason; build the plugin again if it is for another FastMCP")  \
  X(member_lost, 240, "see why the members died; a retry policy of the node tries again")        \
  X(no_member, 241, "start a member that offers what the node needs: mcp-cluster join")

/// A stable code for each way in which a call can fail.
enum class errc : std::uint16_t {
#define MCP_X(name, number, advice) name = number,
  MCP_ERROR_CODES(MCP_X)
#undef MCP_X
};

/// The code's name, for example "recursion_limit". Never empty.
[[nodiscard]] MCP_EXPORT std::string_view name(errc code) noexcept;
/// What a caller should do about it, one sentence without a full stop.
[[nodiscard]] MCP_EXPORT std::string_view advice(errc code) noexcept;
/// All codes, in the order of the table.
[[nodiscard]] MCP_EXPORT std::span<const errc> all_error_codes() noexcept;
/// The code with this number, or `node_failed` for a number this version does not know.
[[nodiscard]] MCP_EXPORT errc error_code_from_number(int number) noexcept;

/// Where in a program of graphs something went wrong. Empty members are not known.
struct error_place {
  std::string graph{};
  std::string node{};
  std::string task{};
  int attempt = 0;  ///< 1-based; 0: not known

  friend bool operator==(const error_place&, const error_place&) = default;
};

/// The exception of the public interface: a stable code, what happened, where, and what to do.
/// A value type: copying is cheap enough for the cold path and never throws into a handler.
class MCP_EXPORT error : public std::exception {
 public:
  error() : error(errc::node_failed, "unknown failure") {}
  /// `message` says what happened, with the offending name or value in it.
  error(errc code, std::string message);

  [[nodiscard]] errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const error_place& place() const noexcept { return place_; }
  /// Code, message, place and advice in one line.
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

  /// The same error with the members of the place that were empty filled in.
  [[nodiscard]] error at(const error_place& place) const;

  friend bool operator==(const error& a, const error& b) {
    return a.code_ == b.code_ && a.message_ == b.message_ && a.place_ == b.place_;
  }

 private:
  void compose();

  errc code_;
  std::string message_;
  error_place place_;
  std::string what_;
};

}  // namespace mcp
