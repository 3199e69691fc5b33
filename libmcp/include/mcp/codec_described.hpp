#pragma once

// Second half of <mcp/codec.hpp>: described structs, enums and variants.

#include "mcp/codec.hpp"

#include <array>
#include <typeinfo>

namespace mcp {
namespace detail {

/// The name of `known` that is most like `unknown`; empty when none is like it.
[[nodiscard]] MCP_EXPORT std::string_view nearest(std::string_view unknown,
                                                  const std::vector<std::string_view>& known);
/// `, did you mean "x"?` when one of `known` is close to `unknown`; empty otherwise.
[[nodiscard]] MCP_EXPORT std::string suggestion(std::string_view unknown,
                                                const std::vector<std::string_view>& known);

template <class T>
constexpr std::string_view alternative_name() {
  if constexpr (described<T> || described_enum<T>) {
    return mcp_type_name(static_cast<const T*>(nullptr));
  } else if constexpr (std::same_as<T, bool>) {
    return "boolean";
  } else if constexpr (std::integral<T>) {
    return "integer";
  } else if constexpr (std::floating_point<T>) {
    return "number";
  } else if constexpr (std::same_as<T, std::string>) {
    return "string";
  } else if constexpr (std::same_as<T, std::monostate>) {
    return "none";
  } else {
    static_assert(described<T>, "an alternative of a variant is a described or a simple type");
  }
}

template <class... Ts>
constexpr bool names_differ() {
  const std::array<std::string_view, sizeof...(Ts)> names{alternative_name<Ts>()...};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = i + 1; j < names.size(); ++j) {
      if (names[i] == names[j]) return false;
    }
  }
  return true;
}

}  // namespace detail

template <described T>
struct codec<T> {
  static void encode(cbor_writer& w, const T& value) {
    w.map(field_count<T>);
    for_each_field<T>([&](const auto& f) {
      w.text(f.name);
      detail::field_codec<std::remove_cvref_t<decltype(value.*f.member)>>::encode(w,
                                                                                  value.*f.member);
    });
  }

  static void decode(cbor_reader& r, T& value) {
    const auto size = r.map();
    for (std::size_t i = 0; i < size; ++i) {
      const auto key = r.text();
      bool known = false;
      for_each_field<T>([&](const auto& f) {
        if (known || f.name != key) return;
        known = true;
        const cbor_reader::scope place{r, key};
        detail::field_codec<std::remove_cvref_t<decltype(value.*f.member)>>::decode(
            r, value.*f.member);
      });
      if (!known) unknown_field(r, key);
    }
  }

  static bool equal(const T& a, const T& b) {
    bool same = true;
    for_each_field<T>([&](const auto& f) {
      same = same && detail::field_codec<std::remove_cvref_t<decltype(a.*f.member)>>::equal(
                         a.*f.member, b.*f.member);
    });
    return same;
  }

  static std::string schema(schema_writer& s) {
    const auto type_name = s.definition_name(type_name_of<T>(), typeid(T));
    if (s.begin_definition(type_name)) {
      std::vector<schema_property> properties;
      const T defaults{};
      for_each_field<T>([&](const auto& f) {
        using value_type = std::remove_cvref_t<decltype(defaults.*f.member)>;
        using field_codec = detail::field_codec<value_type>;
        cbor_writer initial;
        field_codec::encode(initial, defaults.*f.member);
        properties.push_back(
            {f.name, f.text, field_codec::schema(s), cbor_to_json(initial.bytes())});
      });
      s.define(type_name, schema_writer::object(properties));
    }
    return schema_writer::reference(type_name);
  }

 private:
  [[noreturn]] static void unknown_field(const cbor_reader& r, std::string_view key) {
    std::vector<std::string_view> names;
    for_each_field<T>([&](const auto& f) { names.push_back(f.name); });
    r.fail("unknown field \"" + std::string{key} + "\"" + detail::suggestion(key, names));
  }
};

template <described_enum T>
struct codec<T> {
  static constexpr auto enumerators = mcp_enumerators(static_cast<const T*>(nullptr));

  static void encode(cbor_writer& w, T value) {
    for (const auto& e : enumerators) {
      if (e.value == value) return w.text(e.name);
    }
    throw error{errc::invalid_state, "a value outside its enumeration"};
  }
  static void decode(cbor_reader& r, T& value) {
    const auto text = r.text();
    std::vector<std::string_view> names;
    for (const auto& e : enumerators) {
      if (e.name == text) {
        value = e.value;
        return;
      }
      names.push_back(e.name);
    }
    r.fail("\"" + std::string{text} + "\" is not a value of the enumeration" +
           detail::suggestion(text, names));
  }
  static bool equal(T a, T b) { return a == b; }
  static std::string schema(schema_writer&) {
    std::vector<std::string_view> names;
    for (const auto& e : enumerators) names.push_back(e.name);
    return schema_writer::enumeration(names);
  }
};

template <>
struct codec<std::monostate> {
  static void encode(cbor_writer& w, std::monostate) { w.null(); }
  static void decode(cbor_reader& r, std::monostate&) {
    if (!r.skip_null()) r.fail("expected null");
  }
  static bool equal(std::monostate, std::monostate) { return true; }
  static std::string schema(schema_writer&) { return R"({"type":"null"})"; }
};

/// A map with one entry: the name of the alternative and its value. The name is that of a described
/// type, without its namespace; "integer" or "number" for all types of numbers.
template <class... Ts>
struct codec<std::variant<Ts...>> {
  static_assert(
      detail::names_differ<Ts...>(),
      "two alternatives of a variant have one name in JSON, and would be read as the first "
      "of them: keep one type of integers and one of floating point, and describe structs "
      "under names of their own");
  using type = std::variant<Ts...>;

  static void encode(cbor_writer& w, const type& value) {
    w.map(1);
    std::visit(
        [&w]<class T>(const T& alternative) {
          w.text(detail::alternative_name<T>());
          codec<T>::encode(w, alternative);
        },
        value);
  }
  static void decode(cbor_reader& r, type& value) {
    if (r.map() != 1) r.fail("expected an object with one entry, the name of the alternative");
    const auto key = r.text();
    const cbor_reader::scope place{r, key};
    if (!(decode_if<Ts>(r, key, value) || ...)) {
      r.fail("unknown alternative" + detail::suggestion(key, {detail::alternative_name<Ts>()...}));
    }
  }
  static bool equal(const type& a, const type& b) {
    if (a.index() != b.index()) return false;
    return std::visit([&b]<class T>(const T& x) { return codec<T>::equal(x, std::get<T>(b)); }, a);
  }
  static std::string schema(schema_writer& s) {
    std::string result = R"({"oneOf":[)";
    const char* comma = "";
    ((result += comma,
      result +=
      schema_writer::object({{detail::alternative_name<Ts>(), {}, codec<Ts>::schema(s), {}}}),
      comma = ","),
     ...);
    return result + "]}";
  }

 private:
  template <class T>
  static bool decode_if(cbor_reader& r, std::string_view key, type& value) {
    if (key != detail::alternative_name<T>()) return false;
    codec<T>::decode(r, value.template emplace<T>());
    return true;
  }
};

}  // namespace mcp
