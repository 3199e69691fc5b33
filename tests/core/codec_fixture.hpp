#pragma once

#include "core/checkpoint_codec.hpp"
#include "mcp/graph.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A graph whose checkpoints use every part of the format, and helpers for bytes.
namespace codec_fixture {

struct job {
  int number = 0;
  std::string text{};
};
MCP_STRUCT(job, number, text)

struct flight {
  std::string callsign{};
  int level = 0;
  std::vector<std::string> log{};
  std::optional<double> wind{};
  int scratch = 7;
};
MCP_STATE(flight, callsign, level, (log, mcp::append), wind, (scratch, mcp::untracked))

struct tower {
  std::string name{};
  std::vector<std::string> seen{};
};
MCP_STATE(tower, name, (seen, mcp::append))

inline mcp::update<flight> nothing(const flight&) {
  return {};
}

/// start -> a, b, c; join(a, b) -> joined; join(a, c) -> joined; join(b, c) -> other; work by
/// sends.
inline std::shared_ptr<const mcp::graph_plan> make_plan() {
  const auto work = [](const job&) { return mcp::update<flight>{}; };
  mcp::graph<flight> graph("approach");
  graph.node("a", nothing, {.destinations = {"work"}}).node("b", nothing).node("c", nothing);
  graph.node("joined", nothing).node("other", nothing).node("work", work);
  graph.entry_point("a").entry_point("b").entry_point("c");
  graph.join({"a", "b"}, "joined").join({"a", "c"}, "joined").join({"b", "c"}, "other");
  return graph.compile().plan();
}

inline std::shared_ptr<const mcp::graph_plan> make_parent_plan() {
  const auto work = [](const job&) { return mcp::update<tower>{}; };
  const auto none = [](const tower&) {};
  return mcp::graph<tower>("tower")
      .node("radar", none, {.destinations = {"runway"}})
      .node("runway", work)
      .entry_point("radar")
      .compile()
      .plan();
}

inline std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    result += digits[byte >> 4U];
    result += digits[byte & 0xfU];
  }
  return result;
}

inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
  }
  return bytes;
}

/// The code of the mcp::error that `function` throws; nothing when it throws none.
template <class Function>
std::optional<mcp::errc> code_of(Function&& function) {
  try {
    function();
  } catch (const mcp::error& failure) {
    return failure.code();
  }
  return std::nullopt;
}

}  // namespace codec_fixture
