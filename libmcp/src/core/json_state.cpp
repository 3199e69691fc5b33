#include "core/json_channel.hpp"

#include <map>

namespace mcp {
namespace {

using json = nlohmann::json;

/// Most fields of one dynamic state: their indices have 16 bits.
constexpr std::size_t max_fields = 64'000;

class json_state_type final : public state_type,
                              public std::enable_shared_from_this<json_state_type> {
 public:
  json_state_type(std::string_view name, const json& schema,
                  const core::json_reducer_functions& reducers)
      : state_type(name, typeid(json_state)) {
    if (!schema.is_object())
      throw error{errc::invalid_schema, "the schema of a state is an object"};
    const auto type = schema.find("type");
    if (type != schema.end() && *type != "object") {
      throw error{errc::invalid_schema, "/type: a state is an \"object\""};
    }
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object() || properties->empty()) {
      throw error{errc::invalid_schema, "/properties: a state has at least one field"};
    }
    if (properties->size() > max_fields) {
      throw error{errc::too_large, "a state has at most " + std::to_string(max_fields) + " fields"};
    }
    const auto definitions = schema.value("$defs", json::object());
    for (const auto& [field, property] : properties->items()) {
      index_.emplace(field, channel_count());
      add(core::make_json_channel(core::read_json_field(field, property, definitions, reducers),
                                  channel_count()));
    }
  }

  [[nodiscard]] void* make() const override { return new json_state{shared_from_this()}; }
  [[nodiscard]] void* copy(const void* object) const override {
    return new json_state(*static_cast<const json_state*>(object));
  }
  void destroy(void* object) const noexcept override { delete static_cast<json_state*>(object); }
  [[nodiscard]] std::vector<channel_write> input_writes(const value& input) const override {
    update<json_state> writes{shared_from_this()};
    return std::move(writes.set_all(input.as<json>())).take();
  }

  /// Throws `invalid_argument`.
  [[nodiscard]] std::size_t index_of(std::string_view field) const {
    const auto found = index_.find(field);
    if (found != index_.end()) return found->second;
    std::vector<std::string_view> known;
    for (const auto& [one, index] : index_) known.emplace_back(one);
    throw error{errc::invalid_argument, "the state \"" + name() + "\" has no field \"" +
                                            std::string{field} + "\"" +
                                            detail::suggestion(field, known)};
  }

 private:
  std::map<std::string, std::size_t, std::less<>> index_;
};

const json_state_type& dynamic(const std::shared_ptr<const state_type>& type) {
  const auto* known = dynamic_cast<const json_state_type*>(type.get());
  if (known != nullptr) return *known;
  throw error{errc::invalid_argument, "a json_state needs a type of make_json_state_type"};
}

}  // namespace

std::shared_ptr<const state_type> make_json_state_type(
    std::string_view name, const json& schema,
    const std::map<std::string, json_reducer_function>& reducers) {
  return std::make_shared<const json_state_type>(name, schema, reducers);
}

json_state::json_state(std::shared_ptr<const state_type> type) : type_(std::move(type)) {
  const auto& known = dynamic(type_);
  fields_.reserve(known.channel_count());
  for (std::size_t i = 0; i < known.channel_count(); ++i) {
    fields_.push_back(core::initial_value(known.at(i)));
  }
}

json_state::json_state(std::shared_ptr<const state_type> type, const json& fields)
    : json_state(std::move(type)) {
  if (!fields.is_object()) throw error{errc::invalid_state, "a state is a JSON object"};
  for (const auto& [field, content] : fields.items()) set(field, content);
}

const json& json_state::at(std::string_view field) const {
  const auto& found = fields_[dynamic(type_).index_of(field)];
  if (found.type()->same(value_type_of<json>)) return found.as<json>();
  throw error{errc::invalid_argument,
              "the field \"" + std::string{field} + "\" is a list of messages: use messages()"};
}

json json_state::get(std::string_view field) const {
  return core::channel_to_json(fields_[dynamic(type_).index_of(field)]);
}

const std::vector<message>& json_state::messages(std::string_view field) const {
  const auto& found = fields_[dynamic(type_).index_of(field)];
  if (!found.type()->same(value_type_of<json>)) return found.as<std::vector<message>>();
  throw error{errc::invalid_argument,
              "the field \"" + std::string{field} + "\" has no reducer add_messages"};
}

json_state& json_state::set(std::string_view field, json content) {
  const auto& type = dynamic(type_);
  const auto index = type.index_of(field);
  fields_[index] = core::json_to_channel(type.at(index), std::move(content), write_mode::overwrite);
  return *this;
}

nlohmann::ordered_json json_state::to_json() const {
  auto result = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    result[type_->at(i).name()] = core::channel_to_json(fields_[i]);
  }
  return result;
}

update<json_state>& update<json_state>::add(std::string_view field, write_mode mode, json content) {
  const auto& type = dynamic(type_);
  const auto index = type.index_of(field);
  writes_.push_back({static_cast<std::uint16_t>(index), mode,
                     core::json_to_channel(type.at(index), std::move(content), mode)});
  return *this;
}

update<json_state>& update<json_state>::set_all(const json& fields) & {
  if (!fields.is_object()) throw error{errc::invalid_state, "fields come as a JSON object"};
  for (const auto& [field, content] : fields.items()) set(field, content);
  return *this;
}

}  // namespace mcp
