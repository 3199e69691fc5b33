#include "mcp/graph_builder.hpp"

namespace mcp {
namespace {

/// The schema of the channels that `shown` picks, with the values of a fresh state as defaults.
template <class Predicate>
std::string schema_of(const state_type& type, Predicate shown) {
  const state_pointer fresh{type, type.make()};
  schema_writer writer;
  std::vector<schema_property> properties;
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    if (!shown(channel)) continue;
    cbor_writer initial;
    channel.type().encode(initial, channel.at(fresh.get()));
    properties.push_back(
        {channel.name(), channel.text(), channel.schema(writer), cbor_to_json(initial.bytes())});
  }
  return writer.document(schema_writer::object(properties));
}

}  // namespace

std::string input_schema(const state_type& type) {
  return schema_of(type, [](const channel& one) { return one.is_input(); });
}

std::string output_schema(const state_type& type) {
  return schema_of(type, [](const channel& one) { return one.is_output(); });
}

std::string output_json(const state_pointer& state) {
  const auto& type = state.type();
  std::size_t count = 0;
  for (std::size_t i = 0; i < type.channel_count(); ++i) count += type.at(i).is_output() ? 1U : 0U;
  cbor_writer made;
  made.map(count);
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    if (!channel.is_output()) continue;
    made.text(channel.name());
    channel.type().encode(made, channel.at(state.get()));
  }
  return cbor_to_json(made.bytes());
}

}  // namespace mcp
