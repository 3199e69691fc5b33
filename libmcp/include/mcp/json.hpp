#pragma once

#include "mcp/graph.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

/// States without a C++ type: their fields are declared by a JSON Schema, their values are JSON.
/// For graphs that are not written in C++, and for programs that learn the state at run time. The
/// one public header that includes nlohmann/json whole.
namespace mcp {

/// JSON as a value of its own: the input of a send, the payload of an event, an answer. Numbers
/// beyond 64 bits are read as floating point; binary values are refused with `invalid_state`.
template <>
struct MCP_EXPORT codec<nlohmann::json> {
  static void encode(cbor_writer& writer, const nlohmann::json& value);
  static void decode(cbor_reader& reader, nlohmann::json& value);
  static bool equal(const nlohmann::json& a, const nlohmann::json& b) { return a == b; }
  static std::string schema(schema_writer&) { return "{}"; }
};

/// A reducer of a dynamic state's field: the new value, from the old one and what is written. It
/// must be deterministic, and safe from several threads. What is stored is the whole new value.
using json_reducer_function =
    std::function<nlohmann::json(nlohmann::json current, nlohmann::json incoming)>;

/// Makes the type of a state from a JSON Schema (2020-12) of an object. Each entry of `properties`
/// is a field; a state may have 64,000. Beside the standard keywords a field may have
///     "default"        its value at the start; absent: the empty value of its type, or null
///     "x-reducer"      last_value (default), any_value, append, merge, sum, minimum, maximum,
///                      add_messages, ephemeral, untracked, {"barrier": ["name", ...]}, or a name
///                      of `reducers`
///     "x-visibility"   both (default), input, output, internal
/// `$defs` are shared by all fields. What is written to a field must fit its schema; for append and
/// merge the entries that are written must. Throws `invalid_schema` with the place.
[[nodiscard]] MCP_EXPORT std::shared_ptr<const state_type> make_json_state_type(
    std::string_view name, const nlohmann::json& schema,
    const std::map<std::string, json_reducer_function>& reducers = {});

/// A state of such a type. A value type: a copy is a copy of all fields.
class MCP_EXPORT json_state {
 public:
  /// Of no type: only to be assigned to and destroyed.
  json_state() noexcept = default;
  /// All fields have their defaults. `type` is one of `make_json_state_type`; else
  /// `invalid_argument`.
  explicit json_state(std::shared_ptr<const state_type> type);
  /// The same with `fields`, a JSON object. Throws `invalid_state` with the place.
  json_state(std::shared_ptr<const state_type> type, const nlohmann::json& fields);

  [[nodiscard]] const std::shared_ptr<const state_type>& type() const noexcept { return type_; }

  /// A field's value, borrowed. Throws `invalid_argument` for an unknown field, and for a list of
  /// messages, which is not kept as JSON: see `messages`.
  [[nodiscard]] const nlohmann::json& at(std::string_view field) const;
  /// A field's value, copied; also of a list of messages.
  [[nodiscard]] nlohmann::json get(std::string_view field) const;
  /// A field with the reducer `add_messages`, borrowed.
  [[nodiscard]] const std::vector<message>& messages(std::string_view field) const;
  /// Replaces a field. Throws `invalid_argument` or `invalid_state`.
  json_state& set(std::string_view field, nlohmann::json content);

  /// All fields, in the order of the schema.
  [[nodiscard]] nlohmann::ordered_json to_json() const;

  /// For the engine: the field with this index.
  [[nodiscard]] const value& field(std::size_t index) const noexcept { return fields_[index]; }
  [[nodiscard]] value& field(std::size_t index) noexcept { return fields_[index]; }

 private:
  std::shared_ptr<const state_type> type_;
  std::vector<value> fields_;
};

/// The type is the graph's: it is known at run time only.
template <>
struct state_type_of<json_state> {
  static const state_type& of(const json_state& state) { return *state.type(); }
  /// What a send to a subgraph over such a state brings: an object of its fields.
  static constexpr const value_type* send_input = &value_type_of<nlohmann::json>;
};

/// What a node changes in a dynamic state, by the names of the fields.
///     return mcp::update<mcp::json_state>{state}.set("answer", 42);
template <>
class MCP_EXPORT update<json_state> {
 public:
  using state = json_state;

  update() = default;  ///< changes nothing, and cannot be added to
  explicit update(std::shared_ptr<const state_type> type) : type_(std::move(type)) {}
  explicit update(const json_state& of) : type_(of.type()) {}

  /// Writes `content` through the field's reducer. Throws `invalid_argument` for an unknown field,
  /// `invalid_state` for a value that does not fit.
  update& set(std::string_view field, nlohmann::json content) & {
    return add(field, write_mode::reduce, std::move(content));
  }
  update&& set(std::string_view field, nlohmann::json content) && {
    return std::move(set(field, std::move(content)));
  }
  /// Writes one element to a field that is an array, through its reducer.
  update& append(std::string_view field, nlohmann::json element) & {
    return set(field, nlohmann::json::array({std::move(element)}));
  }
  update&& append(std::string_view field, nlohmann::json element) && {
    return std::move(append(field, std::move(element)));
  }
  /// Replaces the field, by-passing its reducer.
  update& overwrite(std::string_view field, nlohmann::json content) & {
    return add(field, write_mode::overwrite, std::move(content));
  }
  update&& overwrite(std::string_view field, nlohmann::json content) && {
    return std::move(overwrite(field, std::move(content)));
  }
  /// Writes every member of the object `fields` through its reducer.
  update& set_all(const nlohmann::json& fields) &;
  update&& set_all(const nlohmann::json& fields) && { return std::move(set_all(fields)); }

  [[nodiscard]] bool empty() const noexcept { return writes_.empty(); }
  [[nodiscard]] const state_type* type() const noexcept { return type_.get(); }
  [[nodiscard]] const std::shared_ptr<const state_type>& type_owner() const noexcept {
    return type_;
  }
  [[nodiscard]] const std::vector<channel_write>& writes() const noexcept { return writes_; }
  [[nodiscard]] std::vector<channel_write> take() && noexcept { return std::move(writes_); }

 private:
  update& add(std::string_view field, write_mode mode, nlohmann::json content);

  std::shared_ptr<const state_type> type_;
  std::vector<channel_write> writes_;
};

}  // namespace mcp
