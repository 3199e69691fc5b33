#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// Descriptions of plain structs and enums, from which JSON, JSON Schema and channels follow.
///
///     struct point { double x = 0; double y = 0; };
///     MCP_STRUCT(point, x, (y, mcp::doc("upwards")))
///     enum class colour { red, green };
///     MCP_ENUM(colour, red, green)
///     struct State { std::vector<std::string> log; int n = 0; };
///     MCP_STATE(State, (log, mcp::append), n)
///
/// Write the macro after the type, in the type's namespace. A field in parentheses carries options:
/// a reducer (<mcp/reducers.hpp>; states only), a visibility, `mcp::doc`. At most 64 fields. A
/// state names all of its fields; a struct may keep some to itself.
namespace mcp {

/// Who sees a field of a state from outside the graph.
enum class visibility : unsigned char { both, input, output, internal };

struct field_option {};                   ///< base of all options of a field
struct reducer_option : field_option {};  ///< base of all reducers
struct doc : field_option {               ///< description for the JSON Schema
  constexpr explicit doc(const char* text) : value(text) {}
  const char* value;
};
struct visibility_option : field_option {
  constexpr explicit visibility_option(visibility v) : value(v) {}
  visibility value;
};
inline constexpr visibility_option input_only{visibility::input};    ///< not part of the output
inline constexpr visibility_option output_only{visibility::output};  ///< not accepted as input
inline constexpr visibility_option internal{visibility::internal};   ///< neither

/// The default reducer: the last value counts; two writers in one superstep are an error.
struct last_value_reducer : reducer_option {};
inline constexpr last_value_reducer last_value{};

/// One described field.
template <class Owner, class T, class Reducer>
struct field {
  using owner_type = Owner;
  using value_type = T;
  std::string_view name;
  T Owner::*member;
  Reducer reducer;
  visibility seen;
  std::string_view text;
};

namespace detail {

template <class Option>
constexpr bool is_reducer = std::is_base_of_v<reducer_option, Option>;

constexpr last_value_reducer pick_reducer() {
  return {};
}
template <class First, class... Rest>
constexpr auto pick_reducer(First first, Rest... rest) {
  if constexpr (is_reducer<First>) {
    static_assert((!is_reducer<Rest> && ...), "a field has one reducer");
    return first;
  } else {
    return pick_reducer(rest...);
  }
}

struct option_values {
  visibility seen = visibility::both;
  std::string_view text{};
};

template <class Option>
constexpr void read_option(option_values& values, Option option) {
  static_assert(std::is_base_of_v<field_option, Option>,
                "an option of a field is a reducer, a visibility or mcp::doc(\"...\")");
  if constexpr (std::is_same_v<Option, doc>) values.text = option.value;
  if constexpr (std::is_same_v<Option, visibility_option>) values.seen = option.value;
}

template <class Owner, class T, class... Options>
constexpr auto make_field(std::string_view name, T Owner::*member, Options... options) {
  option_values values;
  (read_option(values, options), ...);
  auto reducer = pick_reducer(options...);
  return field<Owner, T, decltype(reducer)>{name, member, reducer, values.seen, values.text};
}

template <class Enum>
struct enumerator {
  std::string_view name;
  Enum value;
};

/// How many arguments a macro was given, from their text: commas outside of parentheses and quotes.
constexpr std::size_t count_arguments(std::string_view text) {
  std::size_t count = text.empty() ? 0 : 1;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      depth += text[i] == '(' || text[i] == '{' ? 1 : 0;
      depth -= text[i] == ')' || text[i] == '}' ? 1 : 0;
      count += text[i] == ',' && depth == 0 ? 1U : 0U;
    }
  }
  return count;
}
inline constexpr std::size_t max_fields = 64;

/// Becomes any field of `Owner`, but no base of it. Never made.
template <class Owner, std::size_t>
struct any_field {
  template <class T>
  requires(!std::is_base_of_v<T, Owner>) operator T() const noexcept;
};
template <class T, std::size_t... Is>
constexpr bool has_fields(std::index_sequence<Is...>) {
  return requires {
    T{any_field<T, Is>{}...};
  };
}
/// Whether the aggregate `T` has more than `count` fields. False when that cannot be said.
template <class T, std::size_t count>
constexpr bool has_more_fields() {
  if constexpr (std::is_aggregate_v<T>) return has_fields<T>(std::make_index_sequence<count + 1>{});
  return false;
}

}  // namespace detail

/// A struct with MCP_STRUCT or MCP_STATE.
template <class T>
concept described = requires(const T* p) {
  mcp_fields(p);
};
/// An enum with MCP_ENUM.
template <class T>
concept described_enum = requires(const T* p) {
  mcp_enumerators(p);
};

/// The described fields of `T`, a tuple of `field`.
template <described T>
constexpr auto fields_of() {
  return mcp_fields(static_cast<const T*>(nullptr));
}
template <described T>
inline constexpr std::size_t field_count = std::tuple_size_v<decltype(fields_of<T>())>;
template <described T>
constexpr std::string_view type_name_of() {
  return mcp_type_name(static_cast<const T*>(nullptr));
}

/// Calls `function(field)` for each described field of `T`, in order.
template <described T, class Function>
constexpr void for_each_field(Function&& function) {
  std::apply([&function](const auto&... f) { (function(f), ...); }, fields_of<T>());
}

}  // namespace mcp

// A small FOR_EACH: applies M(fixed, x) to each argument, with commas between.
#define MCP_PARENS ()
#define MCP_EXPAND(...) MCP_EXPAND3(MCP_EXPAND3(MCP_EXPAND3(MCP_EXPAND3(__VA_ARGS__))))
#define MCP_EXPAND3(...) MCP_EXPAND2(MCP_EXPAND2(MCP_EXPAND2(MCP_EXPAND2(__VA_ARGS__))))
#define MCP_EXPAND2(...) MCP_EXPAND1(MCP_EXPAND1(MCP_EXPAND1(MCP_EXPAND1(__VA_ARGS__))))
#define MCP_EXPAND1(...) __VA_ARGS__
#define MCP_FOR_EACH(M, fixed, ...) __VA_OPT__(MCP_EXPAND(MCP_FOR_EACH_STEP(M, fixed, __VA_ARGS__)))
#define MCP_FOR_EACH_STEP(M, fixed, x, ...) \
  M(fixed, x) __VA_OPT__(, MCP_FOR_EACH_AGAIN MCP_PARENS(M, fixed, __VA_ARGS__))
#define MCP_FOR_EACH_AGAIN() MCP_FOR_EACH_STEP

// Tells `(name, options...)` from `name`.
#define MCP_SECOND(a, b, ...) b
#define MCP_IS_GROUP(x) MCP_IS_GROUP_(MCP_IS_GROUP_PROBE x)
#define MCP_IS_GROUP_(...) MCP_SECOND(__VA_ARGS__, 0, 0)
#define MCP_IS_GROUP_PROBE(...) ~, 1
#define MCP_CAT(a, b) MCP_CAT_(a, b)
#define MCP_CAT_(a, b) a##b
#define MCP_FIELD(T, x) MCP_CAT(MCP_FIELD_, MCP_IS_GROUP(x))(T, x)
#define MCP_FIELD_0(T, name) ::mcp::detail::make_field(#name, &T::name)
#define MCP_FIELD_1(T, group) MCP_FIELD_GROUP(T, MCP_UNWRAP group)
#define MCP_UNWRAP(...) __VA_ARGS__
#define MCP_FIELD_GROUP(...) MCP_FIELD_GROUP_(__VA_ARGS__)
#define MCP_FIELD_GROUP_(T, name, ...) \
  ::mcp::detail::make_field(#name, &T::name __VA_OPT__(, ) __VA_ARGS__)
#define MCP_ENUMERATOR(T, name)  \
  ::mcp::detail::enumerator<T> { \
#name, T::name               \
  }

/// Describes the struct `T` with the fields that take part in JSON; see the top of this file.
#define MCP_STRUCT(T, ...)                                                                 \
  static_assert(::mcp::detail::count_arguments(#__VA_ARGS__) <= ::mcp::detail::max_fields, \
                #T " has more than 64 fields: gather some in a struct");                   \
  [[maybe_unused]] inline constexpr auto mcp_fields(const T*) {                            \
    return std::make_tuple(MCP_FOR_EACH(MCP_FIELD, T, __VA_ARGS__));                       \
  }                                                                                        \
  [[maybe_unused]] inline constexpr std::string_view mcp_type_name(const T*) {             \
    return #T;                                                                             \
  }

/// Describes the state `T` of a graph: the fields are its channels, with their reducers.
#define MCP_STATE(T, ...)                                                               \
  MCP_STRUCT(T, __VA_ARGS__)                                                            \
  static_assert(!::mcp::detail::has_more_fields<T, ::mcp::field_count<T>>(), #T         \
                " has a field that MCP_STATE does not name, so it would be lost: name " \
                "it (mcp::untracked is for what is not to be stored)");

/// Describes the enum `T`; values travel as their names.
#define MCP_ENUM(T, ...)                                                       \
  [[maybe_unused]] inline constexpr auto mcp_enumerators(const T*) {           \
    return std::array{MCP_FOR_EACH(MCP_ENUMERATOR, T, __VA_ARGS__)};           \
  }                                                                            \
  [[maybe_unused]] inline constexpr std::string_view mcp_type_name(const T*) { \
    return #T;                                                                 \
  }
