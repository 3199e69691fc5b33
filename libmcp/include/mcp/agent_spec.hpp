#pragma once

#include "mcp/error.hpp"
#include "mcp/export.hpp"
#include "mcp/policy.hpp"
#include "mcp/value.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The erased view of agents: what the library, which knows no state or message type, works with.
namespace mcp {

class agent_context;

/// What happens to a message for a full mailbox.
enum class agent_overflow : std::uint8_t {
  reject,       ///< it is refused with `overloaded`
  drop_oldest,  ///< the oldest waiting one that is not durable goes; refused if all are durable
};

/// What a failed message does to its agent, besides that it fails.
enum class agent_on_failure : std::uint8_t {
  keep,      ///< nothing: the next message is handled with the state before the failed one
  reset,     ///< the agent gets its initial state
  stop,      ///< the agent stops
  escalate,  ///< its supervisor decides; only in types that have one
};

/// When an agent's state is durable, if its system has a store.
enum class agent_saving : std::uint8_t {
  write_behind,  ///< soon: replies do not wait for the store; the last states can be lost
  sync,          ///< before the reply and whatever else the message sends go out
};

/// Options of an agent type.
struct agent_options {
  std::size_t mailbox = 1000;  ///< waiting messages; 1 to 1,000,000
  agent_overflow overflow = agent_overflow::reject;
  milliseconds idle{60'000};  ///< without a message for so long: asleep; zero: never
  agent_saving saving = agent_saving::write_behind;
  agent_on_failure on_failure = agent_on_failure::keep;
  int intensity = 10;  ///< more failures than this within `period` stop the agent, or
                       ///< are left to its supervisor
  milliseconds period{60'000};
  bool blocking = false;  ///< handlers may wait for files, sockets, locks: off the scheduler
};

/// A message without its type: a value of the C++ type that its handler takes, or CBOR of it.
struct agent_message {
  std::string name{};                      ///< of the message type
  std::shared_ptr<const value> content{};  ///< null: `cbor` counts
  std::string cbor{};
};

/// How an ask ended: a reply, or why there is none.
struct MCP_EXPORT agent_outcome {
  value reply{};  ///< empty when the handler replied nothing
  std::optional<mcp::error> error{};

  [[nodiscard]] bool ok() const noexcept { return !error; }
  /// The reply. Throws the error, or `invalid_state` when the reply is no `R`.
  template <has_codec R>
  [[nodiscard]] R as() const {
    if (error) throw *error;
    if (reply.has_value() && reply.type()->same(value_type_of<R>)) return reply.as<R>();
    return from_cbor<R>(cbor());
  }
  /// The reply as CBOR, null when there is none; throws the error.
  [[nodiscard]] std::string cbor() const;
};

/// What an agent type does with messages of one name. Immutable.
struct agent_handler {
  std::string name{};  ///< empty: messages of every name that has no handler of its own
  const value_type* message = nullptr;
  const value_type* reply = nullptr;  ///< null: any, or none
  bool reads_only = false;            ///< does not change the state: it is not copied
  /// Gets the state and the message; returns the reply, or nothing.
  std::function<value(void* state, const void* message, agent_context& ctx)> run{};
};

/// An agent type, erased. For types that are not written in C++ the state and the messages can be
/// nlohmann::json (<mcp/json.hpp>).
struct agent_spec {
  std::string type{};  ///< name: non-empty, without '/'
  const value_type* state = nullptr;
  /// The state of a new agent, from its key; empty: a default one.
  std::function<value(std::string_view key)> initial{};
  std::vector<agent_handler> handlers{};
  agent_options options{};

  /// The handler of messages of this name, or null.
  [[nodiscard]] MCP_EXPORT const agent_handler* find(std::string_view name) const noexcept;
};

namespace detail {

template <class M>
[[nodiscard]] agent_message make_agent_message(M&& content) {
  using type = std::remove_cvref_t<M>;
  static_assert(has_codec<type>, "a message is described with MCP_STRUCT, or a simple type");
  return {.name = std::string{alternative_name<type>()},
          .content = std::make_shared<const value>(std::forward<M>(content))};
}

/// The reply that a message type declares with `using reply = ...`; void without.
template <class M>
struct reply_of {
  using type = void;
};
template <class M>
requires requires {
  typename M::reply;
}
struct reply_of<M> {
  using type = typename M::reply;
};

}  // namespace detail
}  // namespace mcp
