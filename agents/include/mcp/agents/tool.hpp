#pragma once

#include "mcp/agents/tool_port.hpp"
#include "mcp/node.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Tools: functions that a model may ask for. A C++ function with a described argument becomes one:
///     struct place { std::string city{}; };
///     MCP_STRUCT(place, (city, mcp::doc("name of a city")))
///     auto weather = mcp::make_tool("weather", "Today's weather in a city.",
///                                   [](const place& p) { return "sunny in " + p.city; });
namespace mcp {

/// Something a model may call. Shared by all runs; safe from several threads.
class MCP_AGENTS_EXPORT tool {
 public:
  tool() = default;
  tool(const tool&) = delete;
  tool& operator=(const tool&) = delete;
  virtual ~tool();
  /// What the model is told. Does not change while the tool lives.
  [[nodiscard]] virtual const tool_description& description() const noexcept = 0;
  [[nodiscard]] virtual const tool_options& options() const noexcept = 0;
  /// Starts one attempt of a call. `arguments`: JSON text as the model wrote it, borrowed for the
  /// length of this call. Arguments that do not fit are answered with `invalid_tool_call`, which
  /// goes back to the model. What is thrown fails the attempt. Must not block unless
  /// `options().blocking` is set.
  virtual void start(const std::string& arguments, tool_reply reply) = 0;
};

namespace detail {

/// One field of a tool's arguments.
struct argument_field {
  std::string_view name;
  std::string_view text;
  std::string schema;
  std::string default_json;  ///< empty: the field must be given
};

/// The JSON Schema of the arguments, an object at its root.
[[nodiscard]] MCP_AGENTS_EXPORT std::string arguments_schema(
    const schema_writer& writer, const std::vector<argument_field>& fields);
/// CBOR of the arguments. Throws `invalid_tool_call` when the text is no JSON object, is too large,
/// or a required field is missing.
[[nodiscard]] MCP_AGENTS_EXPORT std::string read_arguments(
    const std::string& arguments, const std::vector<std::string_view>& required);
[[nodiscard]] MCP_AGENTS_EXPORT error invalid_arguments(const error& reason);

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

/// Text and numbers whose default is empty or zero have to be given; everything else has a default.
template <class T>
bool must_be_given(const T& default_value) {
  if constexpr (std::same_as<T, std::string> ||
                (std::is_arithmetic_v<T> && !std::same_as<T, bool>)) {
    return codec<T>::equal(default_value, T{});
  } else {
    return false;
  }
}

template <described Args>
std::vector<std::string_view> required_arguments() {
  std::vector<std::string_view> names;
  const Args defaults{};
  for_each_field<Args>([&](const auto& f) {
    if (must_be_given(defaults.*f.member)) names.push_back(f.name);
  });
  return names;
}

template <described Args>
std::string arguments_schema_of() {
  schema_writer writer;
  std::vector<argument_field> list;
  const Args defaults{};
  for_each_field<Args>([&](const auto& f) {
    using type = std::remove_cvref_t<decltype(defaults.*f.member)>;
    const auto& value = defaults.*f.member;
    list.push_back({f.name, f.text, codec<type>::schema(writer),
                    must_be_given(value) ? std::string{} : to_json(value)});
  });
  return arguments_schema(writer, list);
}

template <class Result>
tool_result to_tool_result(Result&& result) {
  using type = std::remove_cvref_t<Result>;
  if constexpr (std::same_as<type, tool_result>) {
    return std::forward<Result>(result);
  } else if constexpr (std::is_convertible_v<type, std::string>) {
    return {.content = std::forward<Result>(result)};
  } else {
    static_assert(has_codec<type>,
                  "a tool returns std::string, mcp::tool_result or a type with a codec");
    return {.content = to_json(result)};
  }
}

/// A tool made of a function.
template <class Function>
class function_tool final : public tool {
  using traits = callable<Function>;
  using arguments = typename traits::arguments;
  using args = std::remove_cvref_t<std::tuple_element_t<0, arguments>>;
  static constexpr auto count = std::tuple_size_v<arguments>;
  static_assert(count == 1 || count == 2,
                "a tool is R f(const Args&), R f(const Args&, mcp::tool_context&) or "
                "void f(const Args&, mcp::tool_reply)");
  static_assert(described<args>, "the arguments of a tool are a struct with MCP_STRUCT");

 public:
  function_tool(std::string name, std::string text, Function function, tool_options options)
      : description_{std::move(name), std::move(text), arguments_schema_of<args>()},
        options_(std::move(options)),
        required_(required_arguments<args>()),
        function_(std::move(function)) {}

  [[nodiscard]] const tool_description& description() const noexcept override {
    return description_;
  }
  [[nodiscard]] const tool_options& options() const noexcept override { return options_; }

  void start(const std::string& text, tool_reply reply) override {
    const args given = read(text);
    if constexpr (count == 1) {
      reply.done(to_tool_result(function_(given)));
    } else if constexpr (takes_reply) {
      function_(given, std::move(reply));
    } else {
      tool_context& context = reply;
      reply.done(to_tool_result(function_(given, context)));
    }
  }

 private:
  static constexpr bool takes_reply =
      std::same_as<std::remove_cvref_t<std::tuple_element_t<count - 1, arguments>>, tool_reply>;

  [[nodiscard]] args read(const std::string& text) const {
    const auto bytes = read_arguments(text, required_);
    try {
      return from_cbor<args>(bytes);
    } catch (const error& reason) {
      throw invalid_arguments(reason);
    }
  }

  tool_description description_;
  tool_options options_;
  std::vector<std::string_view> required_;
  Function function_;
};

}  // namespace detail

/// Makes a tool of a function that may be called from several threads at once:
///     R f(const Args&)                  R: std::string, tool_result, or a type with a codec (JSON)
///     R f(const Args&, tool_context&)
///     void f(const Args&, tool_reply)   asynchronous: answers later, exactly once
/// `Args` is a described struct; its JSON Schema is what the model is told. Texts and numbers whose
/// default is empty or zero must be given, other fields may be absent. An exception fails the call.
template <class Function>
[[nodiscard]] std::shared_ptr<tool> make_tool(std::string name, std::string description,
                                              Function function, tool_options options = {}) {
  return std::make_shared<detail::function_tool<std::decay_t<Function>>>(
      std::move(name), std::move(description), std::move(function), std::move(options));
}

}  // namespace mcp
