#include "mcp/error.hpp"

#include <array>
#include <utility>

namespace mcp {
namespace {

struct entry {
  errc code;
  std::string_view name;
  std::string_view advice;
};

constexpr std::array table{
#define MCP_X(name, number, advice) entry{errc::name, #name, advice},
    MCP_ERROR_CODES(MCP_X)
#undef MCP_X
};

constexpr auto codes = [] {
  std::array<errc, table.size()> result{};
  for (std::size_t i = 0; i < table.size(); ++i) result[i] = table[i].code;
  return result;
}();

const entry& find(errc code) noexcept {
  for (const auto& row : table) {
    if (row.code == code) return row;
  }
  return table.front();
}

void fill(std::string& target, const std::string& source) {
  if (target.empty()) target = source;
}

}  // namespace

std::string_view name(errc code) noexcept {
  return find(code).name;
}
std::string_view advice(errc code) noexcept {
  return find(code).advice;
}
std::span<const errc> all_error_codes() noexcept {
  return codes;
}

errc error_code_from_number(int number) noexcept {
  for (const auto& row : table) {
    if (static_cast<int>(row.code) == number) return row.code;
  }
  return errc::node_failed;
}

error::error(errc code, std::string message) : code_(code), message_(std::move(message)) {
  compose();
}

error error::at(const error_place& place) const {
  error result = *this;
  fill(result.place_.graph, place.graph);
  fill(result.place_.node, place.node);
  fill(result.place_.task, place.task);
  if (result.place_.attempt == 0) result.place_.attempt = place.attempt;
  result.compose();
  return result;
}

void error::compose() {
  what_ = std::string{name(code_)} + ": " + message_;
  std::string where;
  const auto add = [&where](std::string_view label, const std::string& value) {
    if (value.empty()) return;
    where += where.empty() ? " [" : ", ";
    where += label;
    where += ' ';
    where += value;
  };
  add("graph", place_.graph);
  add("node", place_.node);
  add("task", place_.task);
  add("attempt", place_.attempt > 0 ? std::to_string(place_.attempt) : std::string{});
  if (!where.empty()) what_ += where + "]";
  what_ += "; to do: ";
  what_ += advice(code_);
}

}  // namespace mcp
