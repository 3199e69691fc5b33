#pragma once

#include "mcp/cbor.hpp"
#include "mcp/describe.hpp"
#include "mcp/schema_writer.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

/// How values of C++ types become CBOR (and, by transcoding, JSON) and JSON Schema.
/// Known are: bool, integers, floating point, std::string, vector, set, map and unordered_map with
/// string keys, optional, variant, described structs and enums. For another type specialise
/// `mcp::codec<T>` with the four static functions below.
namespace mcp {

/// Specialise for a type of your own:
///     static void encode(cbor_writer&, const T&);   static void decode(cbor_reader&, T&);
///     static bool equal(const T&, const T&);        static std::string schema(schema_writer&);
template <class T>
struct codec;

template <class T>
concept has_codec = requires(cbor_writer& w, const T& value) {
  codec<T>::encode(w, value);
};

template <has_codec T>
[[nodiscard]] std::string to_cbor(const T& value) {
  cbor_writer writer;
  codec<T>::encode(writer, value);
  return writer.take();
}

namespace detail {
/// Refuses a field of a described struct that has no codec.
template <class Field>
constexpr bool can_be_written() {
  static_assert(has_codec<Field>,
                "a field has a type that JSON cannot hold: char (take std::string or an integer), "
                "a map whose keys are no strings, or one without a mcp::codec");
  return has_codec<Field>;
}
/// Keeps what follows such a refusal short.
struct missing_codec {
  static void encode(cbor_writer&, const auto&) {}
  static void decode(cbor_reader&, auto&) {}
  static bool equal(const auto&, const auto&) { return true; }
  static std::string schema(schema_writer&) { return {}; }
};
template <class Field>
using field_codec = std::conditional_t<can_be_written<Field>(), codec<Field>, missing_codec>;
}  // namespace detail

/// Throws `malformed_cbor` or `invalid_state`.
template <has_codec T>
[[nodiscard]] T from_cbor(std::string_view bytes) {
  cbor_reader reader{bytes};
  T value{};
  codec<T>::decode(reader, value);
  if (!reader.at_end()) throw error{errc::malformed_cbor, "bytes after the end of the value"};
  return value;
}

/// JSON text of a value.
template <has_codec T>
[[nodiscard]] std::string to_json(const T& value) {
  return cbor_to_json(to_cbor(value));
}

/// Strict: unknown fields and wrong types are errors that name the place (`invalid_state`).
/// Fields that are absent keep their defaults.
template <has_codec T>
[[nodiscard]] T from_json(std::string_view text) {
  return from_cbor<T>(json_to_cbor(text));
}

/// JSON Schema (2020-12) of a type, with defaults and descriptions.
template <has_codec T>
[[nodiscard]] std::string json_schema_of() {
  schema_writer writer;
  return writer.document(codec<T>::schema(writer));
}

template <>
struct codec<bool> {
  static void encode(cbor_writer& w, bool value) { w.boolean(value); }
  static void decode(cbor_reader& r, bool& value) { value = r.boolean(); }
  static bool equal(bool a, bool b) { return a == b; }
  static std::string schema(schema_writer&) { return R"({"type":"boolean"})"; }
};

namespace detail {
/// Characters are integers to C++ and text to their readers: neither is meant.
template <class T>
concept plain_integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                        !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                        !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;
}  // namespace detail

/// The schema has the bounds of the type, for those below 64 bits.
template <detail::plain_integer T>
struct codec<T> {
  static void encode(cbor_writer& w, T value) {
    if constexpr (std::is_signed_v<T>) {
      w.integer(value);
    } else {
      w.unsigned_integer(value);
    }
  }
  static void decode(cbor_reader& r, T& value) {
    const auto wide = [&r] {
      if constexpr (std::is_signed_v<T>) {
        return r.integer();
      } else {
        return r.unsigned_integer();
      }
    }();
    if (!std::in_range<T>(wide)) r.fail("the number " + std::to_string(wide) + " is out of range");
    value = static_cast<T>(wide);
  }
  static bool equal(T a, T b) { return a == b; }
  static std::string schema(schema_writer&) {
    using limits = std::numeric_limits<T>;
    std::string result = R"({"type":"integer")";
    if (limits::digits < 63) {
      result += R"(,"minimum":)" + std::to_string(limits::min()) + R"(,"maximum":)" +
                std::to_string(limits::max());
    } else if (!limits::is_signed) {
      result += R"(,"minimum":0)";
    }
    return result + "}";
  }
};

template <std::floating_point T>
struct codec<T> {
  static void encode(cbor_writer& w, T value) { w.real(static_cast<double>(value)); }
  static void decode(cbor_reader& r, T& value) { value = static_cast<T>(r.real()); }
  /// A NaN equals itself here: what counts is whether the value changed.
  static bool equal(T a, T b) { return !(a < b) && !(b < a) && (a != a) == (b != b); }
  static std::string schema(schema_writer&) { return R"({"type":"number"})"; }
};

template <>
struct codec<std::string> {
  static void encode(cbor_writer& w, const std::string& value) { w.text(value); }
  static void decode(cbor_reader& r, std::string& value) { value = r.text(); }
  static bool equal(const std::string& a, const std::string& b) { return a == b; }
  static std::string schema(schema_writer&) { return R"({"type":"string"})"; }
};

template <has_codec T>
struct codec<std::vector<T>> {
  static void encode(cbor_writer& w, const std::vector<T>& value) {
    w.array(value.size());
    for (const auto& item : value) codec<T>::encode(w, item);
  }
  static void decode(cbor_reader& r, std::vector<T>& value) {
    const auto size = r.array();
    value.clear();
    for (std::size_t i = 0; i < size; ++i) {
      const cbor_reader::scope place{r, i};
      T item{};
      codec<T>::decode(r, item);
      value.push_back(std::move(item));
    }
  }
  static bool equal(const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!codec<T>::equal(a[i], b[i])) return false;
    }
    return true;
  }
  static std::string schema(schema_writer& s) {
    return R"({"type":"array","items":)" + codec<T>::schema(s) + "}";
  }
};

template <has_codec T>
struct codec<std::set<T>> {
  static void encode(cbor_writer& w, const std::set<T>& value) {
    w.array(value.size());
    for (const auto& item : value) codec<T>::encode(w, item);
  }
  static void decode(cbor_reader& r, std::set<T>& value) {
    std::vector<T> items;
    codec<std::vector<T>>::decode(r, items);
    value =
        std::set<T>(std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
  }
  static bool equal(const std::set<T>& a, const std::set<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), codec<T>::equal);
  }
  static std::string schema(schema_writer& s) {
    return R"({"type":"array","uniqueItems":true,"items":)" + codec<T>::schema(s) + "}";
  }
};

namespace detail {

/// Maps with string keys.
template <class Map>
struct map_codec {
  using mapped = typename Map::mapped_type;
  static void encode(cbor_writer& w, const Map& value) {
    w.map(value.size());
    for (const auto& [key, item] : value) {
      w.text(key);
      codec<mapped>::encode(w, item);
    }
  }
  static void decode(cbor_reader& r, Map& value) {
    const auto size = r.map();
    value.clear();
    for (std::size_t i = 0; i < size; ++i) {
      const auto key = r.text();
      const cbor_reader::scope place{r, key};
      codec<mapped>::decode(r, value[std::string{key}]);
    }
  }
  static bool equal(const Map& a, const Map& b) {
    if (a.size() != b.size()) return false;
    for (const auto& [key, item] : a) {
      const auto other = b.find(key);
      if (other == b.end() || !codec<mapped>::equal(item, other->second)) return false;
    }
    return true;
  }
  static std::string schema(schema_writer& s) {
    return R"({"type":"object","additionalProperties":)" + codec<mapped>::schema(s) + "}";
  }
};

}  // namespace detail

template <has_codec T>
struct codec<std::map<std::string, T>> : detail::map_codec<std::map<std::string, T>> {};
template <has_codec T>
struct codec<std::unordered_map<std::string, T>>
    : detail::map_codec<std::unordered_map<std::string, T>> {};

template <has_codec T>
struct codec<std::optional<T>> {
  static void encode(cbor_writer& w, const std::optional<T>& value) {
    if (value) {
      codec<T>::encode(w, *value);
    } else {
      w.null();
    }
  }
  static void decode(cbor_reader& r, std::optional<T>& value) {
    if (r.skip_null()) {
      value.reset();
    } else {
      codec<T>::decode(r, value.emplace());
    }
  }
  static bool equal(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() == b.has_value() && (!a || codec<T>::equal(*a, *b));
  }
  static std::string schema(schema_writer& s) {
    return R"({"anyOf":[)" + codec<T>::schema(s) + R"(,{"type":"null"}]})";
  }
};

}  // namespace mcp

#include "mcp/codec_described.hpp"
