#include "cluster/task_codec.hpp"

#include "mcp/cbor.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

constexpr std::size_t max_targets = 1'000'000;  ///< as many as a superstep may have tasks

target_item encode_target(const routes::target& target) {
  if (const auto* node = std::get_if<std::string>(&target)) return {.node = *node};
  const auto& one = std::get<send>(target);
  target_item made{.node = one.node(), .bytes = encode_value(one.input())};
  if (one.timeout()) made.timeout = {one.timeout()->run.count(), one.timeout()->idle.count()};
  return made;
}

routes::target decode_target(const target_item& item, const input_types& inputs) {
  if (!item.bytes) return item.node;
  const auto known = inputs.find(item.node);
  const auto* type = known == inputs.end() ? nullptr : known->second;
  if (type == nullptr) type = &value_type_of<nlohmann::json>;
  send made{item.node, decode_value(*type, *item.bytes)};
  if (item.timeout) {
    made.timeout({milliseconds{item.timeout->run_ms}, milliseconds{item.timeout->idle_ms}});
  }
  return made;
}

}  // namespace

std::string encode_value(const value& content) {
  cbor_writer out;
  content.type()->encode(out, content.get());
  return out.take();
}

value decode_value(const value_type& type, std::string_view bytes) {
  value made{type};
  cbor_reader in{bytes};
  type.decode(in, made.get());
  if (!in.at_end()) in.fail("there is more than one value");
  return made;
}

state_fields encode_state(const state_pointer& state) {
  state_fields made;
  const auto& type = state.type();
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    cbor_writer out;
    channel.type().encode(out, channel.at(state.get()));
    made.push_back(std::make_shared<const std::string>(out.take()));
  }
  return made;
}

state_pointer decode_state(const state_type& type, const state_fields& fields) {
  if (fields.size() != type.channel_count()) {
    throw error{errc::malformed_answer, "a state has " + std::to_string(fields.size()) +
                                            " fields, its type " +
                                            std::to_string(type.channel_count())};
  }
  state_pointer made{type, type.make()};
  auto* object = made.edit();
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    cbor_reader in{*fields[i]};
    const cbor_reader::scope place{in, channel.name()};
    channel.type().decode(in, channel.at(object));
  }
  return made;
}

failure_item encode_failure(const failure& what) {
  return {static_cast<std::uint64_t>(what.error.code()), what.error.message(), what.logic};
}

failure decode_failure(const failure_item& what) {
  constexpr std::uint64_t most = 9'999;
  const auto number = static_cast<int>(std::min(what.code, most));
  return {.error = error{error_code_from_number(number), what.message}, .logic = what.logic};
}

result_message encode_result(const node_result& result) {
  if (result.parent) {
    throw error{errc::invalid_goto,
                "a node on a worker cannot send a command to the graph around its own; let it run "
                "on the server"};
  }
  result_message made;
  for (const auto& write : result.writes) {
    made.writes.push_back(
        {write.channel, write.mode == write_mode::overwrite, encode_value(write.content)});
  }
  for (const auto& target : result.go_to) made.go_to.push_back(encode_target(target));
  return made;
}

node_result decode_result(const result_message& result, const state_type& type,
                          const input_types& inputs) {
  node_result made;
  for (const auto& item : result.writes) {
    if (item.channel >= type.channel_count()) {
      throw error{errc::malformed_answer, "a result writes the field number " +
                                              std::to_string(item.channel) + " of " +
                                              std::to_string(type.channel_count())};
    }
    made.writes.push_back({static_cast<std::uint16_t>(item.channel),
                           item.overwrite ? write_mode::overwrite : write_mode::reduce,
                           decode_value(type.at(item.channel).type(), item.bytes)});
  }
  if (result.go_to.size() > max_targets) {
    throw error{errc::too_large, "a result goes to " + std::to_string(result.go_to.size()) +
                                     " nodes, more than " + std::to_string(max_targets)};
  }
  for (const auto& item : result.go_to) made.go_to.push_back(decode_target(item, inputs));
  return made;
}

}  // namespace mcp::cluster
