#include "mcp/cbor.hpp"

#include <nlohmann/json.hpp>

namespace mcp {
namespace {

using nlohmann::json;

/// Builds the value while watching the depth; nlohmann's own parser has no limit.
json parse_bounded(std::string_view text) {
  const json::parser_callback_t watch = [](int depth, json::parse_event_t event, json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= static_cast<int>(max_depth)) {
      throw error{errc::too_large,
                  "JSON nested deeper than " + std::to_string(max_depth) + " levels"};
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception& failure) {  // also for a number that is too large
    std::string what =
        failure.what();  // "[json.exception.parse_error.101] parse error at line ..."
    if (const auto end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    throw error{errc::malformed_json, what};
  }
}

}  // namespace

std::string cbor_to_json(std::string_view cbor) {
  cbor_reader check{cbor};
  check.skip();  // also bounds the depth of what nlohmann reads recursively
  if (!check.at_end()) throw error{errc::malformed_cbor, "bytes after the end of the value"};
  try {
    return json::from_cbor(cbor).dump(-1, ' ', false, json::error_handler_t::replace);
  } catch (const json::exception& failure) {
    throw error{errc::malformed_cbor, failure.what()};
  }
}

std::string json_to_cbor(std::string_view text) {
  std::string result;
  json::to_cbor(parse_bounded(text), nlohmann::detail::output_adapter<char, std::string>(result));
  return result;
}

}  // namespace mcp
