#include "core/checkpoint_codec.hpp"
#include "core/replay.hpp"
#include "core/stored_value.hpp"

namespace mcp::core {
namespace {

constexpr const char* snapshot_text = "a snapshot";

std::size_t tracked_count(const state_type& type) {
  std::size_t tracked = 0;
  for (std::size_t i = 0; i < type.channel_count(); ++i) tracked += type.at(i).tracked() ? 1U : 0U;
  return tracked;
}

std::size_t field_count_of(std::string_view snapshot) {
  if (snapshot.empty()) return 0;
  return read_stored(snapshot_text, snapshot, [](cbor_reader& r) { return r.map(); });
}

std::string encode_fields(const state_pointer& state, bool all) {
  const auto& type = state.type();
  cbor_writer w;
  w.map(all ? type.channel_count() : tracked_count(type));
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    if (!all && !channel.tracked()) continue;
    w.text(channel.name());
    channel.type().encode(w, channel.at(state.get()));
  }
  return take_stored(w, snapshot_text);
}

}  // namespace

void write_defaults(const state_type& type, patch_writer& patches) {
  const state_pointer fresh{type, type.make()};
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    if (!channel.tracked() || !channel.many_writers()) continue;
    cbor_writer initial;
    channel.type().encode(initial, channel.at(fresh.get()));
    cbor_reader reader{initial.bytes()};
    const auto kind = reader.peek();
    const bool holds_something = (kind == cbor_kind::array && reader.array() > 0) ||
                                 (kind == cbor_kind::map && reader.map() > 0);
    if (holds_something) patches.begin(channel.name(), patch_set).raw(initial.bytes());
  }
}

std::string encode_snapshot(const state_pointer& state) {
  return encode_fields(state, false);
}

std::string encode_whole(const state_pointer& state) {
  return encode_fields(state, true);
}

state_pointer decode_snapshot(const state_type& type, std::string_view snapshot) {
  state_pointer state{type, type.make()};
  if (snapshot.empty()) return state;
  return read_stored(snapshot_text, snapshot, [&](cbor_reader& r) {
    void* object = state.edit();
    read_entries(r, [&](std::string_view key) {
      const int found = type.find(key);
      if (found < 0) {
        throw_damaged(snapshot_text, "the state \"" + type.name() + "\" has no field \"" +
                                         std::string{key} + "\"");
      }
      const auto& channel = type.at(static_cast<std::size_t>(found));
      channel.type().decode(r, channel.at(object));
    });
    return state;
  });
}

state_pointer rebuild_state(const state_type& type, const stored_checkpoint& stored) {
  // A checkpoint that is its own base comes with a snapshot that holds its body already.
  if (stored.info.base && stored.info.base == stored.info.id) {
    return decode_snapshot(type, stored.snapshot);
  }
  // Patches may add to the default value of a field that the snapshot does not have.
  if (field_count_of(stored.snapshot) < tracked_count(type)) {
    const auto complete = encode_snapshot(decode_snapshot(type, stored.snapshot));
    return decode_snapshot(type, replay(complete, stored.bodies));
  }
  return decode_snapshot(type, replay(stored.snapshot, stored.bodies));
}

}  // namespace mcp::core
