#include "system/tool_servers.hpp"

#include "system/tool_server.hpp"

#include <algorithm>
#include <future>
#include <optional>
#include <set>
#include <utility>

namespace mcp::cluster {
namespace {

/// What to do about a server that cannot be used.
std::string advice_for(const server_description& what, errc code) {
  if (what.remote()) return std::string{advice(code)};
  if (code == errc::invalid_argument) {
    return "correct `command` and `folder`, or install the program";
  }
  if (code == errc::connection_failed || code == errc::call_timeout) {
    return "start the program by hand with its `args`, and see what it says on standard error";
  }
  return std::string{advice(code)};
}

/// Where the file names a tool; else its server.
file_position place_of(const server_description& what, const std::string& tool) {
  if (!what.tools) return what.at;
  file_position found = what.at;
  for (const auto& one : *what.tools) {
    if (one.offered == tool) found = one.at;  // the last one is the one too many
  }
  return found;
}

}  // namespace

tool_servers::tool_servers(const cluster_description& file, const settings& how,
                           problem_list& problems) {
  for (const auto& one : file.tools) names_->claim(one.name, {});
  for (const auto& what : file.servers) {
    servers_.push_back(std::make_shared<tool_server>(what, file.limits.lua, how.offline, names_));
    servers_.back()->read_variables(how.variables, problems);
    const bool taken = std::any_of(file.tools.begin(), file.tools.end(),
                                   [&what](const auto& tool) { return tool.name == what.name; });
    if (taken) {
      problems.error(what.at, "a tool and a server are both called \"" + what.name + "\"",
                     "give one of them another name");
    }
    std::set<std::string> own;
    for (const auto& tool : servers_.back()->known_names()) {
      if (names_->claim(tool, what.name) && own.insert(tool).second) continue;
      problems.error(place_of(what, tool), "there is another tool \"" + tool + "\"",
                     "add `as: NAME`, or give the server a `prefix`");
    }
  }
}

tool_servers::~tool_servers() = default;

std::vector<std::string> tool_servers::names() const {
  auto result = servers();
  for (const auto& one : servers_) {
    const auto known = one->known_names();
    result.insert(result.end(), known.begin(), known.end());
  }
  return result;
}

std::vector<std::string> tool_servers::servers() const {
  std::vector<std::string> result;
  for (const auto& one : servers_) result.push_back(one->what().name);
  return result;
}

bool tool_servers::provides(const std::string& name) const {
  for (const auto& one : names()) {
    if (one == name) return true;
  }
  return false;
}

void tool_servers::put(const std::string& name, const tool_set& into) {
  for (const auto& one : servers_) {
    if (one->what().name == name) return one->put(std::nullopt, into);
    for (const auto& tool : one->known_names()) {
      if (tool == name) return one->put(name, into);
    }
  }
}

tool_servers::client_source tool_servers::need_prompt(const std::string& server,
                                                      const placed_name& prompt,
                                                      std::vector<std::string> arguments) {
  for (const auto& one : servers_) {
    if (one->what().name != server) continue;
    one->need_prompt(prompt, std::move(arguments));
    return [weak = std::weak_ptr{one}]() -> std::shared_ptr<mcp_client> {
      const auto alive = weak.lock();
      return alive ? alive->client() : nullptr;
    };
  }
  return nullptr;
}

std::optional<errc> tool_servers::start(problem_list& problems) {
  std::vector<std::future<void>> starts;
  for (const auto& one : servers_) {
    starts.push_back(std::async(std::launch::async, [&one] { one->start(); }));
  }
  std::optional<errc> failed;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto& what = servers_[i]->what();
    try {
      starts[i].get();
      servers_[i]->check_tools(problems);
    } catch (const error& why) {
      const bool of_file = why.code() == errc::invalid_argument;
      if (!failed) failed = of_file ? errc::invalid_cluster_file : why.code();
      problems.error(what.at, "the server \"" + what.name + "\" cannot be used: " + why.message(),
                     advice_for(what, why.code()));
    }
  }
  if (!failed && problems.errors() > 0) failed = errc::invalid_cluster_file;
  return failed;
}

void tool_names::hear(log to) {
  const std::lock_guard lock{log_mutex_};
  log_ = std::move(to);
}

bool tool_names::claim(const std::string& tool, const std::string& owner) {
  const std::lock_guard lock{mutex_};
  return owners_.emplace(tool, owner).first->second == owner;
}

void tool_names::say(const std::string& server, std::string_view line) {
  const std::lock_guard lock{log_mutex_};
  if (log_) log_(server, line);
}

}  // namespace mcp::cluster
