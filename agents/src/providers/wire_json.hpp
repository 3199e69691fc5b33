#pragma once

#include "mcp/agents/chat_model.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

// JSON of requests, and careful reading of JSON that a server sent. What does not fit is
// `malformed_answer`, said without quoting the text, which may hold secrets.
namespace mcp::providers {

using json = nlohmann::json;

/// `what` names the text in errors. At most `mcp::max_depth` levels.
[[nodiscard]] json parse_json(std::string_view text, std::string_view what);
/// Compact; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string to_text(const json& value);
/// The member, or null when there is none, or it is null, or `object` is no object.
[[nodiscard]] const json* member(const json& object, const char* key);
/// Empty when there is none; any other type than a string is an error.
[[nodiscard]] std::string text_member(const json& object, const char* key);
/// 0 when there is none or it is no number that fits.
[[nodiscard]] std::int64_t count_member(const json& object, const char* key);

/// A JSON Schema of an object from a request. Throws `invalid_argument` naming `whose` it is; an
/// empty text is the schema of an object without members.
[[nodiscard]] json schema_object(const std::string& text, const std::string& whose);
/// What no provider takes. Throws `invalid_argument`.
void check_request(const chat_request& request);
[[nodiscard]] error unknown_role(const message& said, std::size_t index);

}  // namespace mcp::providers
