#include "mcp/tracing.hpp"

#include "core/ids.hpp"

#include <charconv>

namespace mcp {
namespace {

constexpr std::size_t word_digits = 16;
// version "-" trace "-" span "-" flags
constexpr std::size_t trace_at = 3;
constexpr std::size_t span_at = 36;
constexpr std::size_t flags_at = 53;
constexpr std::size_t traceparent_size = 55;

std::string hex(std::uint64_t word) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(word_digits, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, word >>= 4U) *at = digits[word & 0xfU];
  return text;
}

bool is_hex(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::uint64_t number(std::string_view digits) noexcept {
  std::uint64_t result = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), result, 16);
  return result;
}

}  // namespace

std::string trace_context::trace_text() const {
  return hex(trace_high) + hex(trace_low);
}

std::string trace_context::span_text() const {
  return hex(span);
}

std::string trace_context::traceparent() const {
  if (!has_trace() || span == 0) return {};
  return "00-" + trace_text() + '-' + span_text() + (sampled ? "-01" : "-00");
}

std::optional<trace_context> trace_context::parse(std::string_view text) noexcept {
  if (text.size() < traceparent_size) return std::nullopt;
  const auto version = text.substr(0, 2);
  if (!is_hex(version) || version == "ff") return std::nullopt;
  // Later versions may add fields behind another dash.
  if (text.size() > traceparent_size && (version == "00" || text[traceparent_size] != '-')) {
    return std::nullopt;
  }
  if (text[trace_at - 1] != '-' || text[span_at - 1] != '-' || text[flags_at - 1] != '-') {
    return std::nullopt;
  }
  const auto trace = text.substr(trace_at, 2 * word_digits);
  const auto span = text.substr(span_at, word_digits);
  const auto flags = text.substr(flags_at, 2);
  if (!is_hex(trace) || !is_hex(span) || !is_hex(flags)) return std::nullopt;
  const trace_context read{.trace_high = number(trace.substr(0, word_digits)),
                           .trace_low = number(trace.substr(word_digits)),
                           .span = number(span),
                           .sampled = (number(flags) & 1U) != 0};
  if (!read.has_trace() || read.span == 0) return std::nullopt;
  return read;
}

trace_context trace_context::of_run(std::string_view run_id) {
  const auto read = [](std::string_view id) {
    return trace_context{.trace_high = number(id.substr(0, word_digits)),
                         .trace_low = number(id.substr(word_digits))};
  };
  if (run_id.size() == 2 * word_digits && is_hex(run_id)) {
    if (const auto made = read(run_id); made.has_trace()) return made;
  }
  return read(core::make_trace_id(run_id));
}

std::string_view cut_span_text(std::string_view text) noexcept {
  if (text.size() <= max_span_text) return text;
  auto size = max_span_text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace mcp
