#pragma once

#include "core/agent_machine.hpp"
#include "core/supervision_tree.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What an agent leaves in the store; docs/agents-as-actors.md, "What is stored".
namespace mcp::core {

inline constexpr std::uint64_t agent_record_version = 1;
inline constexpr const char* agent_state_key = "state";

[[nodiscard]] std::string agent_mail_key(std::uint32_t slot);

[[nodiscard]] std::string encode_agent_state(std::uint64_t handled, const value& state);
/// Into `state`, a value of the agent's state type; returns the number of the last message handled.
/// Throws `newer_format`, `malformed_cbor`, `invalid_state`.
[[nodiscard]] std::uint64_t decode_agent_state(std::string_view bytes, value& state);

[[nodiscard]] std::string encode_agent_mail(const log_order& order);
/// A message as stored. `slot` is from its key.
[[nodiscard]] agent_mail decode_agent_mail(std::string_view bytes, const std::string& key,
                                           const agent_spec& spec);
/// Its number alone: handled ones need not fit the type any more.
[[nodiscard]] std::uint64_t decode_agent_mail_number(std::string_view bytes);

/// The message's value, as its handler takes it. Throws `invalid_state`, `malformed_cbor`.
[[nodiscard]] std::shared_ptr<const value> decode_agent_content(const agent_handler& handler,
                                                                const agent_message& message);

[[nodiscard]] std::string stop_record_key(std::uint32_t slot);
[[nodiscard]] std::string encode_stop_record(const stop_record& record);
/// `key`: of the journal. Throws `newer_format`, `malformed_cbor`.
[[nodiscard]] stop_record decode_stop_record(const std::string& key, std::string_view bytes);

}  // namespace mcp::core
