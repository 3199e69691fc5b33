#include "mcp/agents/builtin_tools.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace mcp {
namespace tools {
namespace {

constexpr std::int64_t longest_offset = 24 * 60;

struct clock_question {
  std::optional<std::int64_t> utc_offset_minutes{};
};
MCP_STRUCT(clock_question,
           (utc_offset_minutes, mcp::doc("of the wanted zone from UTC, for example 60; absent: 0")))

struct clock_answer {
  std::string time{};
  std::string weekday{};
  std::int64_t unix_seconds = 0;
};
MCP_STRUCT(clock_answer, time, weekday, unix_seconds)

std::string digits(std::int64_t value, std::size_t width) {
  auto text = std::to_string(value);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

std::string zone_text(std::int64_t offset) {
  if (offset == 0) return "Z";
  const auto minutes = offset < 0 ? -offset : offset;
  return (offset < 0 ? "-" : "+") + digits(minutes / 60, 2) + ":" + digits(minutes % 60, 2);
}

clock_answer time_at(std::chrono::system_clock::time_point now, std::int64_t offset) {
  using namespace std::chrono;
  static constexpr std::array names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday"};
  const auto local = floor<seconds>(now) + std::chrono::minutes{offset};
  const auto day = floor<days>(local);
  const year_month_day date{day};
  const hh_mm_ss clock{local - day};
  return {.time = digits(static_cast<int>(date.year()), 4) + "-" +
                  digits(static_cast<unsigned>(date.month()), 2) + "-" +
                  digits(static_cast<unsigned>(date.day()), 2) + "T" +
                  digits(clock.hours().count(), 2) + ":" + digits(clock.minutes().count(), 2) +
                  ":" + digits(clock.seconds().count(), 2) + zone_text(offset),
          .weekday = names.at(weekday{day}.c_encoding()),
          .unix_seconds = floor<seconds>(now).time_since_epoch().count()};
}

}  // namespace
}  // namespace tools

std::shared_ptr<tool> clock_tool() {
  return make_tool(
      "clock", "The present date and time.",
      [](const tools::clock_question& q, tool_context& ctx) {
        const auto offset = q.utc_offset_minutes.value_or(0);
        if (offset < -tools::longest_offset || offset > tools::longest_offset) {
          throw error{errc::invalid_tool_call, "utc_offset_minutes is -1,440 to 1,440"};
        }
        return tools::time_at(ctx.context().now(), offset);
      },
      {.tell_model = true});
}

}  // namespace mcp
