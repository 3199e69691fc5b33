#pragma once

#include "mcp/codec.hpp"
#include "mcp/message.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

/// Reducers: how writes of one superstep are merged into a field. Declared with the state:
///     MCP_STATE(State, (log, mcp::append), (best, mcp::maximum), (chat, mcp::add_messages))
/// A reducer is an empty type with `reduce(current, incoming, patch_writer*)` and the constants of
/// `reducer_defaults`. It runs on the run's supervisor, alone, in the order of task paths.
namespace mcp {

/// Where reducers write what they changed, so that a state can be rebuilt without them
/// (docs/checkpoint-format.md, section 4).
class MCP_EXPORT patch_writer {
 public:
  /// Opens the patch `[field, op, value]`; the caller writes the value next.
  cbor_writer& begin(std::string_view field, int op);
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// The patches so far, as items of an array without its head.
  [[nodiscard]] const std::string& bytes() const noexcept { return writer_.bytes(); }
  void clear() noexcept;

 private:
  cbor_writer writer_;
  std::size_t count_ = 0;
};

/// Patch operations of the checkpoint format.
enum patch_op : int { patch_set = 0, patch_append = 1, patch_merge = 2, patch_messages = 3 };

/// The places of a conversation's messages by id, so that appending to a long one costs what
/// appending to a short one does. Kept beside the list by whoever owns both. Not thread-safe.
class MCP_EXPORT message_index {
 public:
  /// The last message with this id, or `all.size()`. `all` is the list of the call before, with
  /// messages added at the end or replaced by others of the same id.
  [[nodiscard]] std::size_t find(const std::vector<message>& all, std::string_view id);
  /// The list was changed otherwise.
  void forget() noexcept;

 private:
  std::unordered_map<std::size_t, std::size_t> places_;  ///< of hashes of ids; the last one counts
  std::size_t known_ = 0;                                ///< messages that are in `places_`
  std::size_t walked_ = 0;                               ///< messages compared one by one
};

/// What a channel may use while it takes a write. Both may be null.
struct write_aids {
  write_aids(patch_writer* writer, message_index* index = nullptr) noexcept
      : patches(writer), ids(index) {}
  patch_writer* patches;  ///< where changes are recorded; null when nothing is stored
  message_index* ids;     ///< of the field, for channels that are `by_id`
};

/// Where a reducer records its patch; `out` is null when nothing is stored.
struct patch_target {
  std::string_view field;
  patch_writer* out = nullptr;
  message_index* ids = nullptr;  ///< of the field; null: there is none

  template <class T>
  void set(const T& value) const {
    if (out != nullptr) codec<T>::encode(out->begin(field, patch_set), value);
  }
};

struct reducer_defaults : reducer_option {
  static constexpr bool many_writers = true;  ///< several writes in one superstep are merged
  static constexpr bool ephemeral = false;    ///< back to the default one superstep after the write
  static constexpr bool tracked = true;       ///< part of checkpoints
};

template <class T>
void reduce(last_value_reducer, T& current, T&& incoming, const patch_target& patch) {
  current = std::move(incoming);
  patch.set(current);
}

/// Any of several equal writes; the last one is taken.
struct any_value_reducer : reducer_defaults {};
inline constexpr any_value_reducer any_value{};
template <class T>
void reduce(any_value_reducer, T& current, T&& incoming, const patch_target& patch) {
  reduce(last_value, current, std::move(incoming), patch);
}

/// Elements of a vector are added at the end.
struct append_reducer : reducer_defaults {};
inline constexpr append_reducer append{};
template <class T>
void reduce(append_reducer, std::vector<T>& current, std::vector<T>&& incoming,
            const patch_target& patch) {
  if (patch.out != nullptr) {
    codec<std::vector<T>>::encode(patch.out->begin(patch.field, patch_append), incoming);
  }
  current.insert(current.end(), std::make_move_iterator(incoming.begin()),
                 std::make_move_iterator(incoming.end()));
}

namespace detail {

/// True for types of which every value is known to be written as something other than null.
template <class T>
constexpr bool never_null = std::is_arithmetic_v<T> || described<T> || described_enum<T>;
template <>
inline constexpr bool never_null<std::string> = true;
template <class T>
constexpr bool never_null<std::vector<T>> = true;
template <class T>
constexpr bool never_null<std::set<T>> = true;
template <class T>
constexpr bool never_null<std::map<std::string, T>> = true;
template <class... Ts>
constexpr bool never_null<std::variant<Ts...>> = true;

template <class Map>
bool has_null_entry(const Map& entries) {
  using mapped = typename Map::mapped_type;
  if constexpr (never_null<mapped>) {
    return false;
  } else {
    return std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
      cbor_writer writer;
      codec<mapped>::encode(writer, entry.second);
      return cbor_reader{writer.bytes()}.peek() == cbor_kind::null;
    });
  }
}

}  // namespace detail

/// Entries of a map replace those with the same key; elements of a set are added.
struct merge_reducer : reducer_defaults {};
inline constexpr merge_reducer merge{};
template <class Map>
requires requires {
  typename Map::mapped_type;
}
void reduce(merge_reducer, Map& current, Map&& incoming, const patch_target& patch) {
  // In a merge patch null removes the entry: a null that is a value needs the whole map.
  const bool nulls = patch.out != nullptr && detail::has_null_entry(incoming);
  if (patch.out != nullptr && !nulls) {
    codec<Map>::encode(patch.out->begin(patch.field, patch_merge), incoming);
  }
  for (auto& [key, item] : incoming) current.insert_or_assign(key, std::move(item));
  if (nulls) patch.set(current);
}
template <class T>
void reduce(merge_reducer, std::set<T>& current, std::set<T>&& incoming,
            const patch_target& patch) {
  current.merge(incoming);
  patch.set(current);
}

/// Values are added with `+=`; an integer that overflows is an error.
struct sum_reducer : reducer_defaults {};
inline constexpr sum_reducer sum{};
template <class T>
void reduce(sum_reducer, T& current, T&& incoming, const patch_target& patch) {
  if constexpr (std::integral<T>) {
    T total{};
    if (__builtin_add_overflow(current, incoming, &total)) {
      throw error{errc::invalid_update,
                  "the sum of the field \"" + std::string{patch.field} + "\" overflows its type"};
    }
    current = total;
  } else {
    current += incoming;
  }
  patch.set(current);
}

struct minimum_reducer : reducer_defaults {};
inline constexpr minimum_reducer minimum{};
template <class T>
void reduce(minimum_reducer, T& current, T&& incoming, const patch_target& patch) {
  current = std::min(std::move(current), std::move(incoming));
  patch.set(current);
}

struct maximum_reducer : reducer_defaults {};
inline constexpr maximum_reducer maximum{};
template <class T>
void reduce(maximum_reducer, T& current, T&& incoming, const patch_target& patch) {
  current = std::max(std::move(current), std::move(incoming));
  patch.set(current);
}

/// A conversation: messages replace those with their id, are appended otherwise; see
/// <mcp/message.hpp> for removal. Field type: std::vector<mcp::message>.
struct messages_reducer : reducer_defaults {};
inline constexpr messages_reducer add_messages{};
MCP_EXPORT void reduce(messages_reducer, std::vector<message>& current,
                       std::vector<message>&& incoming, const patch_target& patch);

/// Readable for one superstep only, then back to its default. One writer a superstep.
struct ephemeral_reducer : reducer_defaults {
  static constexpr bool many_writers = false;
  static constexpr bool ephemeral = true;
};
inline constexpr ephemeral_reducer ephemeral{};
template <class T>
void reduce(ephemeral_reducer, T& current, T&& incoming, const patch_target& patch) {
  reduce(last_value, current, std::move(incoming), patch);
}

/// Like the last value, but never stored: back to its default after a restart.
struct untracked_reducer : reducer_defaults {
  static constexpr bool many_writers = false;
  static constexpr bool tracked = false;
};
inline constexpr untracked_reducer untracked{};
template <class T>
void reduce(untracked_reducer, T& current, T&& incoming, const patch_target&) {
  current = std::move(incoming);
}

/// Collects names in a std::set<std::string>; other names than those of the barrier are an error.
/// Once all are there they can be read for one superstep, then the set is empty again.
template <std::size_t N>
struct barrier_reducer : reducer_defaults {
  std::array<const char*, N> names;
};
template <class... Names>
[[nodiscard]] constexpr auto barrier(Names... names) {
  return barrier_reducer<sizeof...(Names)>{{}, {names...}};
}
template <std::size_t N>
void reduce(const barrier_reducer<N>& self, std::set<std::string>& current,
            std::set<std::string>&& incoming, const patch_target& patch) {
  for (const auto& arrived : incoming) {
    if (std::find(self.names.begin(), self.names.end(), arrived) == self.names.end()) {
      throw error{errc::invalid_update, "\"" + arrived + "\" is not awaited by the barrier \"" +
                                            std::string{patch.field} + "\""};
    }
  }
  current.merge(incoming);
  patch.set(current);
}

/// A reducer of your own: `function(T& current, T&& incoming)` or `T function(T, T)`, without
/// captures. It must be deterministic. What is stored is the whole new value.
template <class Function>
struct custom_reducer : reducer_defaults {
  Function function;
};
template <class Function>
[[nodiscard]] constexpr auto reduce_with(Function function) {
  return custom_reducer<Function>{{}, function};
}
template <class Function, class T>
void reduce(const custom_reducer<Function>& self, T& current, T&& incoming,
            const patch_target& patch) {
  if constexpr (std::is_void_v<std::invoke_result_t<Function, T&, T&&>>) {
    self.function(current, std::move(incoming));
  } else {
    current = self.function(std::move(current), std::move(incoming));
  }
  patch.set(current);
}

namespace detail {
template <class R>
struct reducer_traits : R {};
template <>
struct reducer_traits<last_value_reducer> {
  static constexpr bool many_writers = false;
  static constexpr bool ephemeral = false;
  static constexpr bool tracked = true;
};
}  // namespace detail

}  // namespace mcp
