#include "mcp/agents/tool_set.hpp"

#include "io/default_loop.hpp"
#include "tools/tool_runner.hpp"
#include "tools/tool_table.hpp"

#include <algorithm>
#include <utility>

namespace mcp {
namespace {

constexpr std::size_t max_name = 128;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= max_name &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

void check(const tool& added) {
  const auto& name = added.description().name;
  const auto refuse = [&name](const std::string& why) {
    throw error{errc::invalid_argument, "the tool \"" + name.substr(0, max_name) + "\": " + why};
  };
  if (!is_name(name)) refuse("a name is 1 to 128 letters, digits, '_', '-' and '.'");
  const auto& options = added.options();
  if (options.timeout.count() < 0) refuse("tool_options::timeout is negative");
  if (options.retry && (options.retry->max_attempts < 1 || options.retry->max_attempts > 1000)) {
    refuse("retry_policy::max_attempts is 1 to 1,000");
  }
}

}  // namespace

tool_set::tool_set() : table_(std::make_shared<tools::tool_table>()) {}

tool_set::tool_set(std::initializer_list<std::shared_ptr<tool>> tools) : tool_set() {
  for (const auto& one : tools) add(one);
}

void tool_set::add(std::shared_ptr<tool> added) const {
  if (!added) throw error{errc::invalid_argument, "a tool set was given no tool"};
  check(*added);
  const auto name = added->description().name;
  // The loop first: it then outlives the threads that use it.
  auto& loop = io::default_loop();
  auto& pool = io::thread_pool::shared();
  auto runner = std::make_shared<tools::tool_runner>(std::move(added), loop, pool);
  const std::lock_guard lock{table_->mutex};
  auto& runners = table_->runners;
  if (runners.size() >= max_tools && !runners.contains(name)) {
    throw error{errc::overloaded, "a tool set has at most " + std::to_string(max_tools) + " tools"};
  }
  runners.insert_or_assign(name, std::move(runner));
}

bool tool_set::remove(std::string_view name) const {
  std::shared_ptr<tools::tool_runner> removed;
  const std::lock_guard lock{table_->mutex};
  const auto found = table_->runners.find(name);
  if (found == table_->runners.end()) return false;
  removed = std::move(found->second);
  table_->runners.erase(found);
  return true;
}

std::shared_ptr<tool> tool_set::find(std::string_view name) const {
  const auto found = runner(name);
  return found ? found->what() : nullptr;
}

std::vector<tool_description> tool_set::descriptions() const {
  std::vector<tool_description> result;
  const std::lock_guard lock{table_->mutex};
  for (const auto& [name, runner] : table_->runners)
    result.push_back(runner->what()->description());
  return result;
}

std::vector<std::string> tool_set::names() const {
  std::vector<std::string> result;
  const std::lock_guard lock{table_->mutex};
  for (const auto& [name, runner] : table_->runners) result.push_back(name);
  return result;
}

std::size_t tool_set::size() const {
  const std::lock_guard lock{table_->mutex};
  return table_->runners.size();
}

std::shared_ptr<tools::tool_runner> tool_set::runner(std::string_view name) const {
  const std::lock_guard lock{table_->mutex};
  const auto found = table_->runners.find(name);
  return found == table_->runners.end() ? nullptr : found->second;
}

namespace detail {

std::string unknown_tool_text(const tool_set& tools, std::string_view name) {
  constexpr std::size_t named = 50;
  std::string list;
  const auto names = tools.names();
  for (std::size_t i = 0; i < names.size() && i < named; ++i) {
    list += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > named) list += ", ...";
  return "Error: " + std::string{name.substr(0, max_name)} + " is not a valid tool, try one of [" +
         list + "].";
}

}  // namespace detail
}  // namespace mcp
