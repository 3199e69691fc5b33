#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace mcp::cluster {
namespace {

constexpr std::string_view ellipsis = "…";
constexpr std::size_t widest_cell = 60;

/// One character of UTF-8.
struct character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool damaged = false;
};

character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1, false};
  const std::size_t length = lead >= 0xf0 && lead < 0xf5   ? 4
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                                                           : 0;
  if (length == 0 || text.size() < length) return {0, 1, true};
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 1, true};
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    return {0, 1, true};
  }
  return {code, length, false};
}

/// C0 and C1 controls, and the marks that turn the direction of text.
bool controls(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

std::size_t width_of(char32_t c) {
  if ((c >= 0x300 && c < 0x370) || (c >= 0x200b && c <= 0x200d) || (c >= 0x20d0 && c < 0x2100) ||
      (c >= 0xfe00 && c < 0xfe10) || (c >= 0xfe20 && c < 0xfe30) || c == 0xfeff) {
    return 0;
  }
  const bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) ||
                    (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) ||
                    (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) ||
                    (c >= 0xffe0 && c < 0xffe7) || (c >= 0x1f300 && c < 0x1f650) ||
                    (c >= 0x1f680 && c < 0x1f700) || (c >= 0x1f900 && c < 0x1fa00) ||
                    (c >= 0x20000 && c < 0x40000);
  return wide ? 2 : 1;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 96> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), format, values...);
  return {buffer.data(), static_cast<std::size_t>(std::max(length, 0))};
}

}  // namespace

std::string printable(std::string_view text, bool keep_lines) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto next = first_of(text);
    if (next.damaged) {
      shown += '?';
    } else if (next.code == '\n' && keep_lines) {
      shown += '\n';
    } else if (controls(next.code)) {
      shown += ' ';
    } else {
      shown += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return shown;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto next = first_of(text);
    columns += width_of(next.code);
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string{text};
  if (columns == 0) return {};
  std::string head;
  std::size_t used = 1;  // the ellipsis
  while (!text.empty()) {
    const auto next = first_of(text);
    used += width_of(next.code);
    if (used > columns) break;
    head += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
  }
  return head.append(ellipsis);
}

std::string cut_front_to(std::string_view text, std::size_t columns) {
  auto left = columns_of(text);
  if (left <= columns) return std::string{text};
  if (columns == 0) return {};
  while (!text.empty() && left > columns - 1) {
    const auto next = first_of(text);
    left -= width_of(next.code);
    text.remove_prefix(next.bytes);
  }
  return std::string{ellipsis}.append(text);
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string all;
  for (const auto& one : texts) {
    if (&one != &texts.front()) all += between;
    all += one;
  }
  return all;
}

std::string indented(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? std::string{"\n  "} : std::string{c};
  return result;
}

std::string padded(std::string_view text, std::size_t columns) {
  std::string result{text};
  const auto used = columns_of(text);
  if (used < columns) result.append(columns - used, ' ');
  return result;
}

std::string duration_text(std::chrono::milliseconds time) {
  const long long ms = std::max<long long>(time.count(), 0);
  const long long seconds = ms / 1000;
  if (seconds < 60) return formatted("%lld.%lld s", seconds, ms % 1000 / 100);
  if (seconds < 3600) return formatted("%lld:%02lld min", seconds / 60, seconds % 60);
  return formatted("%lld:%02lld:%02lld h", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string short_number(std::int64_t number) {
  const auto n = static_cast<long long>(number);
  if (n < 1000) return formatted("%lld", n);
  if (n < 999'950) return formatted("%.1fk", static_cast<double>(n) / 1e3);
  return formatted("%.1fM", static_cast<double>(n) / 1e6);
}

std::string cost_text(std::int64_t micros) {
  const auto m = static_cast<long long>(std::max<std::int64_t>(micros, 0));
  return formatted("%lld.%04lld", m / 1'000'000, m % 1'000'000 / 100);
}

std::string time_text(store_time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t whole = seconds.time_since_epoch().count();
  std::tm parts{};
  if (gmtime_r(&whole, &parts) == nullptr) return "?";
  return formatted("%04d-%02d-%02d %02d:%02d:%02d.%03d", parts.tm_year + 1900, parts.tm_mon + 1,
                   parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                   static_cast<int>((time - seconds).count()));
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(cut_to(printable(row[i]), widest_cell));
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], columns_of(line.back()));
    }
  }
  std::string text;
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool last = i + 1 == line.size();
      text += last ? line[i] : padded(line[i], widths[i] + 2);
    }
    text += '\n';
  }
  return text;
}

}  // namespace mcp::cluster
