#pragma once

#include "mcp/agents/tool.hpp"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

namespace tools {
class tool_runner;
class tool_table;
}  // namespace tools

/// Most tools in one set.
inline constexpr std::size_t max_tools = 10'000;

/// The tools that a node may call, by name. Copies share one set, to which tools may be added and
/// from which they may be removed while executors run: a call under way keeps its tool. Safe from
/// several threads.
class MCP_AGENTS_EXPORT tool_set {
 public:
  tool_set();
  tool_set(std::initializer_list<std::shared_ptr<tool>> tools);

  /// Adds a tool, or replaces the one of the same name. Throws `invalid_argument` when the name is
  /// not 1 to 128 letters, digits, '_', '-' and '.', or an option is out of range; `overloaded`
  /// beyond `max_tools`.
  void add(std::shared_ptr<tool> added) const;
  /// False when there is no such tool.
  bool remove(std::string_view name) const;
  /// Null when there is no such tool.
  [[nodiscard]] std::shared_ptr<tool> find(std::string_view name) const;
  /// What a model is told, sorted by name.
  [[nodiscard]] std::vector<tool_description> descriptions() const;
  [[nodiscard]] std::vector<std::string> names() const;  ///< sorted
  [[nodiscard]] std::size_t size() const;
  /// For the library's own nodes: who runs the calls of a tool; null when there is no such tool.
  [[nodiscard]] std::shared_ptr<tools::tool_runner> runner(std::string_view name) const;

 private:
  std::shared_ptr<tools::tool_table> table_;
};

namespace detail {
/// What the model reads when it calls a tool that is not in the set.
[[nodiscard]] MCP_AGENTS_EXPORT std::string unknown_tool_text(const tool_set& tools,
                                                              std::string_view name);
}  // namespace detail
}  // namespace mcp
