#include "core/json_channel.hpp"

#include <algorithm>

namespace mcp::core {
namespace {

using json = nlohmann::json;
using message_vector = std::vector<message>;

/// Checks of what a write brings to a list or an object: only the entries, not how many.
json entries_only(json schema, json_reducer reducer) {
  if (reducer == json_reducer::append) {
    for (const auto* whole : {"minItems", "maxItems", "uniqueItems", "contains"}) {
      schema.erase(whole);
    }
  }
  if (reducer == json_reducer::merge) {
    for (const auto* whole : {"required", "minProperties", "maxProperties"}) schema.erase(whole);
  }
  return schema;
}

json_schema compiled(json schema, const json_field& field) {
  if (!field.definitions.empty()) {
    auto& own = schema["$defs"];
    for (const auto& [name, definition] : field.definitions.items()) own[name] = definition;
  }
  try {
    return json_schema{std::move(schema)};
  } catch (const error& wrong) {
    throw error{wrong.code(), "/properties/" + field.name + ": " + wrong.message()};
  }
}

/// The schema of what a write through the reducer brings.
json_schema entry_schema(const json_field& field, const json_schema& whole) {
  if (field.reducer != json_reducer::append && field.reducer != json_reducer::merge) return whole;
  return compiled(entries_only(field.schema, field.reducer), field);
}

void check(const json_schema& schema, const std::string& field, const json& content) {
  const auto problems = schema.validate(content);
  if (problems.empty()) return;
  throw error{errc::invalid_state,
              "/" + field + problems.front().at + ": " + problems.front().message};
}

/// What the channels of a dynamic state have in common: where their value is.
class dynamic_channel : public channel {
 public:
  dynamic_channel(const json_field& declared, const value_type& type, std::size_t index)
      : channel(declared.name, type, declared.seen, declared.text),
        definitions_(declared.definitions),
        schema_text_(declared.schema.dump()),
        index_(index) {}

  using channel::at;
  [[nodiscard]] const void* at(const void* state) const override {
    return static_cast<const json_state*>(state)->field(index_).get();
  }
  [[nodiscard]] std::string schema(schema_writer& writer) const override {
    for (const auto& [name, definition] : definitions_.items()) {
      if (writer.begin_definition(name)) writer.define(name, definition.dump());
    }
    return schema_text_;
  }
  [[nodiscard]] virtual mcp::value initial() const = 0;
  [[nodiscard]] virtual mcp::value from_json(json content, write_mode mode) const = 0;

 protected:
  template <class T>
  T& field_of(void* state) const {
    return static_cast<json_state*>(state)->field(index_).template as<T>();
  }
  [[nodiscard]] patch_target target(write_aids aids) const {
    return {name(), tracked() ? aids.patches : nullptr, aids.ids};
  }

 private:
  json definitions_;
  std::string schema_text_;
  std::size_t index_;
};

class json_channel final : public dynamic_channel {
 public:
  json_channel(json_field declared, std::size_t index)
      : dynamic_channel(declared, value_type_of<json>, index),
        reducer_(declared.reducer),
        awaited_(declared.awaited),
        function_(std::move(declared.function)),
        initial_(std::move(declared.initial)),
        whole_(compiled(declared.schema, declared)),
        entries_(entry_schema(declared, whole_)) {
    many_writers_ = reducer_ != json_reducer::last_value && reducer_ != json_reducer::ephemeral &&
                    reducer_ != json_reducer::untracked;
    ephemeral_ = reducer_ == json_reducer::ephemeral || reducer_ == json_reducer::barrier;
    tracked_ = reducer_ != json_reducer::untracked;
  }

  void reduce(void* state, mcp::value&& incoming, write_aids aids) const override {
    auto& content = incoming.as<json>();
    check(entries_, name(), content);
    merge_in(field_of<json>(state), std::move(content), target(aids));
  }
  void assign(void* state, mcp::value&& incoming, write_aids aids) const override {
    check(whole_, name(), incoming.as<json>());
    mcp::reduce(last_value, field_of<json>(state), std::move(incoming.as<json>()), target(aids));
  }
  void expire(void* state, patch_writer* patches) const override {
    auto& current = field_of<json>(state);
    if (reducer_ == json_reducer::barrier && current.size() < awaited_.size()) return;
    if (current == initial_) return;
    current = initial_;
    target(patches).set(current);
  }
  [[nodiscard]] mcp::value difference(const void* before, const void* after) const override {
    const auto& old = *static_cast<const json*>(at(before));
    const auto& now = *static_cast<const json*>(at(after));
    switch (reducer_) {
      case json_reducer::append:
        if (now.size() < old.size() || !std::equal(old.begin(), old.end(), now.begin())) return {};
        return mcp::value{
            json(std::vector<json>(now.begin() + static_cast<long>(old.size()), now.end()))};
      case json_reducer::sum:
        if (!old.is_number_integer() || !now.is_number_integer()) return {};
        return mcp::value{json(now.get<std::int64_t>() - old.get<std::int64_t>())};
      case json_reducer::last_value:
      case json_reducer::ephemeral:
      case json_reducer::untracked:
      case json_reducer::custom:
        return {};
      default:
        return mcp::value{json(now)};
    }
  }
  [[nodiscard]] mcp::value initial() const override { return mcp::value{json(initial_)}; }
  [[nodiscard]] mcp::value from_json(json content, write_mode mode) const override {
    check(mode == write_mode::reduce ? entries_ : whole_, name(), content);
    return mcp::value{std::move(content)};
  }

 private:
  void merge_in(json& current, json&& incoming, const patch_target& patch) const {
    switch (reducer_) {
      case json_reducer::append:
        return append_to(current, std::move(incoming), patch);
      case json_reducer::merge:
        return merge_into(current, std::move(incoming), patch);
      case json_reducer::sum:
        return add_to(current, incoming, patch);
      case json_reducer::minimum:
        if (current.is_null() || incoming < current) current = std::move(incoming);
        break;
      case json_reducer::maximum:
        if (current.is_null() || current < incoming) current = std::move(incoming);
        break;
      case json_reducer::barrier:
        arrive(current, incoming);
        break;
      case json_reducer::custom:
        current = reduced(current, std::move(incoming));
        break;
      default:
        current = std::move(incoming);
        break;
    }
    patch.set(current);
  }

  [[nodiscard]] json reduced(const json& current, json&& incoming) const {
    try {
      auto made = function_(current, std::move(incoming));
      check(whole_, name(), made);
      return made;
    } catch (const error&) {
      throw;
    } catch (const std::exception& what) {
      throw error{errc::invalid_update,
                  "the reducer of the field \"" + name() + "\" failed: " + what.what()};
    }
  }

  void append_to(json& current, json&& incoming, const patch_target& patch) const {
    if (!incoming.is_array()) fail("append takes an array of the elements to add");
    if (patch.out != nullptr) {
      codec<json>::encode(patch.out->begin(patch.field, patch_append), incoming);
    }
    for (auto& item : incoming) current.push_back(std::move(item));
  }

  void merge_into(json& current, json&& incoming, const patch_target& patch) const {
    if (!incoming.is_object()) fail("merge takes an object of the entries to set");
    // In a merge patch null removes the entry: a null that is a value needs the whole object.
    const bool nulls = std::any_of(incoming.begin(), incoming.end(),
                                   [](const json& item) { return item.is_null(); });
    if (patch.out != nullptr && !nulls) {
      codec<json>::encode(patch.out->begin(patch.field, patch_merge), incoming);
    }
    for (auto& [key, item] : incoming.items()) current[key] = std::move(item);
    if (nulls) patch.set(current);
  }

  void add_to(json& current, const json& incoming, const patch_target& patch) const {
    if (!incoming.is_number()) fail("sum takes a number");
    if (current.is_number_integer() && incoming.is_number_integer()) {
      std::int64_t total = 0;
      if (__builtin_add_overflow(current.get<std::int64_t>(), incoming.get<std::int64_t>(),
                                 &total)) {
        throw error{errc::invalid_update,
                    "the sum of the field \"" + name() + "\" overflows its type"};
      }
      current = total;
    } else {
      current = (current.is_number() ? current.get<double>() : 0.0) + incoming.get<double>();
    }
    patch.set(current);
  }

  void arrive(json& current, const json& incoming) const {
    if (!incoming.is_array()) fail("a barrier takes an array of names");
    for (const auto& arrived : incoming) {
      if (!arrived.is_string() || std::find(awaited_.begin(), awaited_.end(),
                                            arrived.get<std::string>()) == awaited_.end()) {
        throw error{errc::invalid_update,
                    arrived.dump() + " is not awaited by the barrier \"" + name() + "\""};
      }
      const auto place = std::lower_bound(current.begin(), current.end(), arrived);
      if (place == current.end() || *place != arrived) current.insert(place, arrived);
    }
  }

  [[noreturn]] void fail(const char* why) const {
    throw error{errc::invalid_state, "/" + name() + ": " + why};
  }

  json_reducer reducer_;
  std::vector<std::string> awaited_;
  json_reducer_function function_;
  json initial_;
  json_schema whole_;
  json_schema entries_;
};

/// A conversation is kept as in typed states, so that both can share it.
class message_channel final : public dynamic_channel {
 public:
  message_channel(const json_field& declared, std::size_t index)
      : dynamic_channel(declared, value_type_of<message_vector>, index),
        initial_(read(declared.initial)) {
    many_writers_ = true;
    by_id_ = true;
  }

  void reduce(void* state, mcp::value&& incoming, write_aids aids) const override {
    mcp::reduce(add_messages, field_of<message_vector>(state),
                std::move(incoming.as<message_vector>()), target(aids));
  }
  void assign(void* state, mcp::value&& incoming, write_aids aids) const override {
    if (aids.ids != nullptr) aids.ids->forget();
    mcp::reduce(last_value, field_of<message_vector>(state),
                std::move(incoming.as<message_vector>()), target(aids));
  }
  void expire(void*, patch_writer*) const override {}
  [[nodiscard]] mcp::value difference(const void*, const void* after) const override {
    return mcp::value{message_vector(*static_cast<const message_vector*>(at(after)))};
  }
  [[nodiscard]] std::string schema(schema_writer& writer) const override {
    return codec<message_vector>::schema(writer);
  }
  [[nodiscard]] mcp::value initial() const override { return mcp::value{message_vector(initial_)}; }
  [[nodiscard]] mcp::value from_json(json content, write_mode) const override {
    if (content.is_object()) content = json::array({std::move(content)});
    return mcp::value{read(content)};
  }

 private:
  [[nodiscard]] message_vector read(const json& content) const {
    try {
      return from_cbor<message_vector>(to_cbor(content));
    } catch (const error& wrong) {
      throw error{errc::invalid_state, "/" + name() + ": " + wrong.message()};
    }
  }
  message_vector initial_;
};

}  // namespace

std::unique_ptr<channel> make_json_channel(json_field declared, std::size_t index) {
  if (declared.reducer == json_reducer::add_messages) {
    return std::make_unique<message_channel>(declared, index);
  }
  return std::make_unique<json_channel>(std::move(declared), index);
}

value initial_value(const channel& of) {
  return static_cast<const dynamic_channel&>(of).initial();
}

value json_to_channel(const channel& of, json content, write_mode mode) {
  return static_cast<const dynamic_channel&>(of).from_json(std::move(content), mode);
}

json channel_to_json(const value& content) {
  if (content.type()->same(value_type_of<json>)) return content.as<json>();
  return from_cbor<json>(to_cbor(content.as<message_vector>()));
}

}  // namespace mcp::core
