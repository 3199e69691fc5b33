#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace mcp::core::schema {

/// Exact order of two JSON numbers, whatever their representation. NaN is unordered.
[[nodiscard]] std::partial_ordering compare_numbers(const nlohmann::json& a,
                                                    const nlohmann::json& b) noexcept;
/// Whether the number has no fractional part: 1.0 is an integer.
[[nodiscard]] bool is_integral(const nlohmann::json& number) noexcept;
/// Whether `number` is a multiple of `divisor` (> 0), computed in decimal: 0.3 is one of 0.1.
[[nodiscard]] bool is_multiple(const nlohmann::json& number, const nlohmann::json& divisor);
/// A total order in which equal JSON values are equivalent (1 equals 1.0). Adds its cost to `work`.
[[nodiscard]] std::weak_ordering compare(const nlohmann::json& a, const nlohmann::json& b,
                                         std::uint64_t& work);
/// Whether containers are nested more than `limit` levels deep.
[[nodiscard]] bool deeper_than(const nlohmann::json& value, std::size_t limit) noexcept;
/// Number of Unicode code points of UTF-8 text.
[[nodiscard]] std::size_t code_points(std::string_view text) noexcept;

inline constexpr std::size_t excerpt_bytes = 60;
/// Text as a JSON string literal, shortened to `limit` bytes before it is escaped.
[[nodiscard]] std::string quote(std::string_view text, std::size_t limit = excerpt_bytes);
/// A value in a few words: scalars literally, containers by their size.
[[nodiscard]] std::string excerpt(const nlohmann::json& value);
/// Cuts at a code point so that the result, with its "...", has at most `limit` bytes.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t limit);
/// Appends "/" and the escaped token to a JSON pointer.
void append_token(std::string& pointer, std::string_view token);

}  // namespace mcp::core::schema
