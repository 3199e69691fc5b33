#pragma once

#include "cluster/messages.hpp"
#include "cluster/state_shipper.hpp"
#include "mcp/json.hpp"
#include "mcp/node.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

/// How tasks and their results travel: states as the list of their fields, values as CBOR.
namespace mcp::cluster {

/// What the nodes of a graph take from a send, by name; null: nothing. JSON for those not named.
using input_types = std::map<std::string, const value_type*>;

[[nodiscard]] std::string encode_value(const value& content);
/// Throws `malformed_cbor` or `invalid_state`.
[[nodiscard]] value decode_value(const value_type& type, std::string_view bytes);

[[nodiscard]] state_fields encode_state(const state_pointer& state);
/// Throws `malformed_answer`, `malformed_cbor` or `invalid_state`. `type` outlives the state.
[[nodiscard]] state_pointer decode_state(const state_type& type, const state_fields& fields);

[[nodiscard]] failure_item encode_failure(const failure& what);
[[nodiscard]] failure decode_failure(const failure_item& what);

/// Throws `invalid_goto` for a command to the graph around, which does not travel.
[[nodiscard]] result_message encode_result(const node_result& result);
/// Throws as `decode_value`; `malformed_answer` for a field that is not there.
[[nodiscard]] node_result decode_result(const result_message& result, const state_type& type,
                                        const input_types& inputs);

}  // namespace mcp::cluster
