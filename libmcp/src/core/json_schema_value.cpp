#include "json_schema_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {
namespace {

using nlohmann::json;
__extension__ typedef unsigned __int128 wide;

constexpr std::uint64_t bytes_per_step = 32;

/// digits × 10^exponent; the sign does not matter to divisibility.
struct decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

decimal to_decimal(double value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), std::fabs(value),
                                     std::chars_format::scientific);
  decimal result;
  bool fraction = false;
  const char* at = text.data();
  for (; at != written.ptr && *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    result.digits = result.digits * 10 + static_cast<std::uint64_t>(*at - '0');
    if (fraction) --result.exponent;
  }
  if (at != written.ptr) {
    ++at;
    if (*at == '+') ++at;
    int exponent = 0;
    std::from_chars(at, written.ptr, exponent);
    result.exponent += exponent;
  }
  return result;
}

decimal to_decimal(const json& number) {
  if (number.is_number_unsigned()) return {number.get<std::uint64_t>(), 0};
  if (!number.is_number_integer()) return to_decimal(number.get<double>());
  const auto value = number.get<std::int64_t>();
  const auto bits = static_cast<std::uint64_t>(value);
  return {value < 0 ? std::uint64_t{0} - bits : bits, 0};
}

std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
  return static_cast<std::uint64_t>(wide{a} * b % modulus);
}

std::uint64_t power_of_ten(int exponent, std::uint64_t modulus) {
  std::uint64_t result = 1 % modulus;
  std::uint64_t square = 10 % modulus;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = multiply(result, square, modulus);
    square = multiply(square, square, modulus);
  }
  return result;
}

template <class Integer>
std::partial_ordering compare_exactly(Integer integer, double real) {
  if (std::isnan(real)) return std::partial_ordering::unordered;
  const double limit = std::ldexp(1.0, std::numeric_limits<Integer>::digits);
  if (real >= limit) return std::partial_ordering::less;
  if (std::is_signed_v<Integer> ? real < -limit : real < 0) return std::partial_ordering::greater;
  const double whole = std::trunc(real);
  const auto truncated = static_cast<Integer>(whole);
  if (integer != truncated) return integer <=> truncated;
  return 0.0 <=> real - whole;
}

std::partial_ordering reversed(std::partial_ordering order) {
  return 0 <=> order;
}

int rank(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return 0;
    case json::value_t::boolean:
      return 1;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      return 2;
    case json::value_t::string:
      return 3;
    case json::value_t::array:
      return 4;
    case json::value_t::object:
      return 5;
    default:
      return 6;
  }
}

/// NaN has to have a place in a total order: before everything, equal to itself.
std::weak_ordering order_numbers(const json& a, const json& b) {
  const auto order = compare_numbers(a, b);
  if (order < 0) return std::weak_ordering::less;
  if (order > 0) return std::weak_ordering::greater;
  if (order == 0) return std::weak_ordering::equivalent;
  const auto is_nan = [](const json& value) {
    return value.is_number_float() && std::isnan(value.get<double>());
  };
  return static_cast<int>(is_nan(b)) <=> static_cast<int>(is_nan(a));
}

std::weak_ordering compare_text(const std::string& a, const std::string& b, std::uint64_t& work) {
  work += std::min(a.size(), b.size()) / bytes_per_step;
  return a.compare(b) <=> 0;
}

std::weak_ordering compare_arrays(const json& a, const json& b, std::uint64_t& work) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto order = compare(a[i], b[i], work);
    if (order != 0) return order;
  }
  return std::weak_ordering::equivalent;
}

std::weak_ordering compare_objects(const json& a, const json& b, std::uint64_t& work) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  for (auto left = a.begin(), right = b.begin(); left != a.end(); ++left, ++right) {
    auto order = compare_text(left.key(), right.key(), work);
    if (order == 0) order = compare(left.value(), right.value(), work);
    if (order != 0) return order;
  }
  return std::weak_ordering::equivalent;
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string{count == 1 ? one : many};
}

}  // namespace

std::partial_ordering compare_numbers(const json& a, const json& b) noexcept {
  if (a.is_number_float()) {
    const auto left = a.get<double>();
    if (b.is_number_float()) return left <=> b.get<double>();
    return reversed(compare_numbers(b, a));
  }
  if (b.is_number_float()) {
    const auto right = b.get<double>();
    if (a.is_number_unsigned()) return compare_exactly(a.get<std::uint64_t>(), right);
    return compare_exactly(a.get<std::int64_t>(), right);
  }
  const auto negative = [](const json& value) {
    return !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  };
  if (negative(a) != negative(b)) {
    return negative(a) ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  if (negative(a)) return a.get<std::int64_t>() <=> b.get<std::int64_t>();
  return a.get<std::uint64_t>() <=> b.get<std::uint64_t>();
}

bool is_integral(const json& number) noexcept {
  if (!number.is_number_float()) return number.is_number();
  const auto value = number.get<double>();
  return std::isfinite(value) && std::trunc(value) == value;
}

bool is_multiple(const json& number, const json& divisor) {
  const auto finite = [](const json& value) {
    return !value.is_number_float() || std::isfinite(value.get<double>());
  };
  if (!finite(number) || !finite(divisor)) return false;
  decimal value = to_decimal(number);
  const decimal unit = to_decimal(divisor);
  if (value.digits == 0) return true;
  if (unit.digits == 0) return false;
  int shift = value.exponent - unit.exponent;
  for (; shift < 0; ++shift) {
    if (value.digits % 10 != 0) return false;
    value.digits /= 10;
  }
  return multiply(value.digits % unit.digits, power_of_ten(shift, unit.digits), unit.digits) == 0;
}

std::weak_ordering compare(const json& a, const json& b, std::uint64_t& work) {
  ++work;
  if (rank(a) != rank(b)) return rank(a) <=> rank(b);
  switch (a.type()) {
    case json::value_t::null:
      return std::weak_ordering::equivalent;
    case json::value_t::boolean:
      return static_cast<int>(a.get<bool>()) <=> static_cast<int>(b.get<bool>());
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      return order_numbers(a, b);
    case json::value_t::string:
      return compare_text(a.get_ref<const std::string&>(), b.get_ref<const std::string&>(), work);
    case json::value_t::array:
      return compare_arrays(a, b, work);
    case json::value_t::object:
      return compare_objects(a, b, work);
    default:
      break;
  }
  if (a.is_binary() && b.is_binary()) {
    const auto& left = static_cast<const std::vector<std::uint8_t>&>(a.get_binary());
    const auto& right = static_cast<const std::vector<std::uint8_t>&>(b.get_binary());
    work += std::min(left.size(), right.size()) / bytes_per_step;
    return left <=> right;
  }
  return static_cast<int>(a.type()) <=> static_cast<int>(b.type());
}

bool deeper_than(const json& value, std::size_t limit) noexcept {
  if (!value.is_structured()) return false;
  if (limit == 0) return true;
  return std::any_of(value.begin(), value.end(),
                     [limit](const json& child) { return deeper_than(child, limit - 1); });
}

std::size_t code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !is_continuation(byte); }));
}

std::string shortened(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string{text};
  std::size_t size = limit > 3 ? limit - 3 : 0;
  while (size > 0 && is_continuation(text[size])) --size;
  return std::string{text.substr(0, size)} + "...";
}

std::string quote(std::string_view text, std::size_t limit) {
  return json(shortened(text, limit)).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string excerpt(const json& value) {
  switch (value.type()) {
    case json::value_t::string:
      return quote(value.get_ref<const std::string&>());
    case json::value_t::array:
      return value.empty() ? "[]" : "an array of " + counted(value.size(), "item", "items");
    case json::value_t::object:
      return value.empty() ? "{}"
                           : "an object of " + counted(value.size(), "property", "properties");
    case json::value_t::binary:
      return "binary data";
    case json::value_t::discarded:
      return "no value";
    case json::value_t::number_float:
      if (!std::isfinite(value.get<double>())) return "a number that is not finite";
      break;
    default:
      break;
  }
  return value.dump();
}

void append_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace mcp::core::schema
