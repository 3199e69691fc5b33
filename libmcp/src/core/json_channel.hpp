#pragma once

#include "mcp/json.hpp"
#include "mcp/json_schema.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::core {

/// The reducers that a field of a dynamic state may name.
enum class json_reducer : std::uint8_t {
  last_value,
  any_value,
  append,
  merge,
  sum,
  minimum,
  maximum,
  add_messages,
  ephemeral,
  untracked,
  barrier,
  custom,  ///< a function of the caller's
};

/// What the schema of a dynamic state says of one field.
struct json_field {
  std::string name{};
  json_reducer reducer = json_reducer::last_value;
  std::vector<std::string> awaited{};  ///< names of a barrier
  json_reducer_function function{};    ///< of `custom`
  visibility seen = visibility::both;
  std::string text{};          ///< description
  nlohmann::json initial{};    ///< its value at the start
  nlohmann::json schema{};     ///< without what is ours, the description and the default
  nlohmann::json definitions;  ///< `$defs` of the state
};

using json_reducer_functions = std::map<std::string, json_reducer_function>;

/// Reads the entry `name` of `properties`. Throws `invalid_schema`.
[[nodiscard]] json_field read_json_field(const std::string& name, const nlohmann::json& property,
                                         const nlohmann::json& definitions,
                                         const json_reducer_functions& custom);

/// Makes the channel with this index among those of its state.
[[nodiscard]] std::unique_ptr<channel> make_json_channel(json_field declared, std::size_t index);

/// The value of the channel in a fresh state.
[[nodiscard]] value initial_value(const channel& of);
/// A value for the channel from JSON, checked. Throws `invalid_state` with the place.
[[nodiscard]] value json_to_channel(const channel& of, nlohmann::json content, write_mode mode);
[[nodiscard]] nlohmann::json channel_to_json(const value& content);

}  // namespace mcp::core
