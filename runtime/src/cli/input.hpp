#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

namespace mcp::cluster {

/// Largest input of a run, in bytes of JSON text.
inline constexpr std::size_t max_input_bytes = std::size_t{16} << 20;

/// The text that `--input` names: itself, the content of @FILE, or standard input for "-"; "{}"
/// without it. Throws `invalid_argument`, `too_large`.
[[nodiscard]] std::string read_input(const std::string& given);

/// Reads the input of a run. Throws `malformed_json`; `invalid_state` when it is no object, does
/// not fit `schema` or has a field that the schema does not have.
[[nodiscard]] nlohmann::json parse_input(const std::string& text, const nlohmann::json& schema);

}  // namespace mcp::cluster
