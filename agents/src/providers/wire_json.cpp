#include "providers/wire_json.hpp"

#include "mcp/cbor.hpp"
#include "mcp/error.hpp"

#include <algorithm>

namespace mcp::providers {

json parse_json(std::string_view text, std::string_view what) {
  const json::parser_callback_t watch = [what](int depth, json::parse_event_t event, json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= static_cast<int>(max_depth)) {
      throw error{errc::malformed_answer, std::string{what} + " is nested deeper than " +
                                              std::to_string(max_depth) + " levels"};
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::parse_error& failure) {
    throw error{errc::malformed_answer,
                std::string{what} + " is not JSON (byte " + std::to_string(failure.byte) + ")"};
  } catch (const json::exception&) {
    throw error{errc::malformed_answer, std::string{what} + " holds a number that is too large"};
  }
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json* member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_member(const json& object, const char* key) {
  const auto* found = member(object, key);
  if (found == nullptr) return {};
  if (found->is_string()) return found->get<std::string>();
  throw error{errc::malformed_answer, "\"" + std::string{key} + "\" is not a string"};
}

std::int64_t count_member(const json& object, const char* key) {
  constexpr double largest = 9e15;
  const auto* found = member(object, key);
  if (found == nullptr || !found->is_number()) return 0;
  const auto number = found->get<double>();
  return number > 0 && number < largest ? static_cast<std::int64_t>(number) : 0;
}

json schema_object(const std::string& text, const std::string& whose) {
  if (text.empty()) return {{"type", "object"}, {"properties", json::object()}};
  try {
    auto schema = parse_json(text, "the JSON Schema of " + whose);
    if (schema.is_object()) return schema;
  } catch (const error& failure) {
    throw error{errc::invalid_argument, failure.message()};
  }
  throw error{errc::invalid_argument, "the JSON Schema of " + whose + " is not an object"};
}

void check_request(const chat_request& request) {
  if (request.messages.empty()) {
    throw error{errc::invalid_argument, "a request to a model needs at least one message"};
  }
  if (request.tool_choice != tool_choice::named) return;
  const auto is_named = [&](const tool_description& tool) { return tool.name == request.tool; };
  if (std::none_of(request.tools.begin(), request.tools.end(), is_named)) {
    throw error{errc::invalid_argument,
                "the request must call the tool \"" + request.tool + "\", which it does not offer"};
  }
}

error unknown_role(const message& said, std::size_t index) {
  return error{errc::invalid_argument, "message " + std::to_string(index) + " has the role \"" +
                                           said.role +
                                           "\"; known are user, assistant, system and tool"};
}

}  // namespace mcp::providers
