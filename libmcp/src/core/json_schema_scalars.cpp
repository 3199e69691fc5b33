#include "json_schema_validation.hpp"
#include "json_schema_value.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {
namespace {

using nlohmann::json;

constexpr std::uint64_t bytes_counted_per_step = 32;
constexpr std::size_t choices_shown = 8;

std::uint8_t type_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return type_null;
    case json::value_t::boolean:
      return type_boolean;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return type_number | type_integer;
    case json::value_t::number_float:
      return is_integral(value) ? type_number | type_integer : type_number;
    case json::value_t::string:
      return type_string;
    case json::value_t::array:
      return type_array;
    case json::value_t::object:
      return type_object;
    default:
      return 0;
  }
}

std::string type_list(std::uint8_t types) {
  constexpr std::array<std::pair<type_bit, const char*>, 7> names{{
      {type_null, "null"},
      {type_boolean, "a boolean"},
      {type_integer, "an integer"},
      {type_number, "a number"},
      {type_string, "a string"},
      {type_array, "an array"},
      {type_object, "an object"},
  }};
  std::string result;
  for (const auto& [bit, name] : names) {
    if ((types & bit) == 0) continue;
    if (!result.empty()) result += " or ";
    result += name;
  }
  return result;
}

std::string choice_list(const json& choices) {
  std::string result;
  for (std::size_t i = 0; i < std::min(choices.size(), choices_shown); ++i) {
    if (i > 0) result += ", ";
    result += excerpt(choices[i]);
  }
  if (choices.size() > choices_shown) {
    result += " and " + std::to_string(choices.size() - choices_shown) + " more";
  }
  return result;
}

}  // namespace

bool validation::check_type(const node& rule, const json& value, problem_sink* sink) {
  if (rule.types == 0 || (rule.types & type_of(value)) != 0) return true;
  return fail(sink,
              [&] { return "expected " + type_list(rule.types) + ", found " + excerpt(value); });
}

bool validation::check_values(const node& rule, const json& value, evaluated*, problem_sink* sink) {
  if (rule.constant != nullptr && !equal(*rule.constant, value)) {
    return fail(sink, [&] {
      return "expected exactly " + excerpt(*rule.constant) + ", found " +
             (excerpt(*rule.constant) == excerpt(value) ? "another one" : excerpt(value));
    });
  }
  if (rule.choices == nullptr) return true;
  for (const auto& choice : *rule.choices) {
    if (equal(choice, value)) return true;
    if (stopped()) return false;
  }
  return fail(sink, [&] {
    return "expected one of " + choice_list(*rule.choices) + "; found " + excerpt(value);
  });
}

bool validation::check_number(const node& rule, const json& value, evaluated*, problem_sink* sink) {
  if (!value.is_number()) return true;
  const auto expected = [&](std::string_view what, const json& bound) {
    return fail(sink, [&] {
      return "expected a number " + std::string{what} + ' ' + bound.dump() + ", found " +
             excerpt(value);
    });
  };
  // Written so that NaN fits no bound.
  if (rule.minimum != nullptr && !(compare_numbers(value, *rule.minimum) >= 0)) {
    return expected("at least", *rule.minimum);
  }
  if (rule.maximum != nullptr && !(compare_numbers(value, *rule.maximum) <= 0)) {
    return expected("at most", *rule.maximum);
  }
  if (rule.exclusive_minimum != nullptr && !(compare_numbers(value, *rule.exclusive_minimum) > 0)) {
    return expected("above", *rule.exclusive_minimum);
  }
  if (rule.exclusive_maximum != nullptr && !(compare_numbers(value, *rule.exclusive_maximum) < 0)) {
    return expected("below", *rule.exclusive_maximum);
  }
  if (rule.multiple_of != nullptr && !is_multiple(value, *rule.multiple_of)) {
    return expected("that is a multiple of", *rule.multiple_of);
  }
  return true;
}

bool validation::check_string(const node& rule, const json& value, evaluated*, problem_sink* sink) {
  if (!value.is_string()) return true;
  const auto& text = value.get_ref<const std::string&>();
  if (rule.min_length > 0 || rule.max_length < no_limit) {
    if (!spend(text.size() / bytes_counted_per_step)) return false;
    const auto length = code_points(text);
    const auto expected = [&](std::string_view what, std::uint64_t bound) {
      return fail(sink, [&] {
        return "expected " + std::string{what} + ' ' + std::to_string(bound) +
               (bound == 1 ? " character" : " characters") + ", found " + std::to_string(length) +
               ": " + excerpt(value);
      });
    };
    if (length < rule.min_length) return expected("at least", rule.min_length);
    if (length > rule.max_length) return expected("at most", rule.max_length);
  }
  if (rule.text_pattern == nullptr || matches(*rule.text_pattern, text)) return true;
  return fail(sink, [&] {
    return "expected text that matches the pattern " + quote(rule.text_pattern->text()) +
           ", found " + excerpt(value);
  });
}

}  // namespace mcp::core::schema
