#include "core/graph_plan.hpp"

namespace mcp::detail {

std::vector<channel_write> given_fields(const state_type& type, const void* object) {
  const state_pointer fresh{type, type.make()};
  std::vector<channel_write> writes;
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    const void* given = channel.at(object);
    if (channel.type().equal(given, channel.at(fresh.get()))) continue;
    writes.push_back(
        {static_cast<std::uint16_t>(i), write_mode::reduce, value{channel.type(), given}});
  }
  return writes;
}

void check_state_type(const state_type* given, const state_type& wanted, errc code,
                      const char* what) {
  if (given != nullptr && given->same(wanted)) return;
  throw error{code, std::string{what} + " is of " +
                        (given == nullptr ? "no type" : "the type \"" + given->name() + "\"") +
                        ", and of another one than the graph's state \"" + wanted.name() + "\""};
}

std::vector<channel_write> changed_channels(const state_pointer& before, const void* after) {
  const auto& type = before.type();
  std::vector<channel_write> writes;
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    if (channel.type().equal(channel.at(before.get()), channel.at(after))) continue;
    writes.push_back({static_cast<std::uint16_t>(i), write_mode::overwrite,
                      value{channel.type(), channel.at(after)}});
  }
  return writes;
}

namespace {

struct shared_field {
  std::uint16_t parent;
  std::uint16_t child;
};

value copy_of(const channel& channel, const void* object) {
  return {channel.type(), object};
}

}  // namespace

subgraph_spec shared_fields(const state_type& parent, std::shared_ptr<const graph_plan> child) {
  const state_type& inner = *child->state;
  std::vector<shared_field> shared;
  for (std::size_t i = 0; i < parent.channel_count(); ++i) {
    const int found = inner.find(parent.at(i).name());
    if (found < 0) continue;
    const auto& other = inner.at(static_cast<std::size_t>(found));
    if (!other.type().same(parent.at(i).type())) {
      throw error{errc::invalid_graph, "field \"" + other.name() + "\" of the subgraph \"" +
                                           child->name + "\" has another type than in \"" +
                                           parent.name() + "\""};
    }
    shared.push_back({static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(found)});
  }
  if (shared.empty()) {
    throw error{errc::invalid_graph, "the subgraph \"" + child->name +
                                         "\" shares no field with \"" + parent.name() +
                                         "\": use mcp::subgraph(child, enter, leave)"};
  }
  subgraph_spec spec;
  spec.enter = [shared, &inner, &parent](const node_input& in) {
    if (in.input.has_value()) return inner.input_writes(in.input);
    std::vector<channel_write> writes;
    for (const auto& field : shared) {
      writes.push_back(
          {field.child, write_mode::overwrite,
           copy_of(parent.at(field.parent), parent.at(field.parent).at(in.state.get()))});
    }
    return writes;
  };
  spec.leave = [shared, &inner, &parent](const void* before, const void* after) {
    node_result result;
    for (const auto& field : shared) {
      const auto& channel = inner.at(field.child);
      const void* now = channel.at(after);
      if (channel.type().equal(channel.at(before), now)) continue;
      // What the parent's reducer must see so that the child's change is there once, not twice.
      auto change =
          parent.at(field.parent).many_writers() ? channel.difference(before, after) : value{};
      const auto mode = change.has_value() ? write_mode::reduce : write_mode::overwrite;
      if (!change.has_value()) change = copy_of(channel, now);
      result.writes.push_back({field.parent, mode, std::move(change)});
    }
    return result;
  };
  spec.needs_before = true;
  spec.plan = std::move(child);
  return spec;
}

}  // namespace mcp::detail
