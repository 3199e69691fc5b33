#include "system/tool_server.hpp"

#include "system/configured_tool.hpp"
#include "system/resource_tools.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

bool is_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// The value of a variable; a problem and nothing when it has none.
std::optional<std::string> read_variable(const server_description::variable& one,
                                         const environment& variables, problem_list& problems) {
  auto value = variables(one.variable);
  if (!value || value->empty()) {
    problems.error(one.at, "the variable " + one.variable + " is not set",
                   "set it before the program is started");
    return std::nullopt;
  }
  if (is_line(*value)) return value;
  problems.error(one.at, "the variable " + one.variable + " holds more than one line",
                 "set it to one line");
  return std::nullopt;
}

}  // namespace

void tool_server::read_variables(const environment& variables, problem_list& problems) {
  if (offline_) return;
  for (const auto& one : what_.environment) {
    if (auto value = read_variable(one, variables, problems)) {
      secrets_.push_back(one.name + "=" + *value);
    }
  }
  for (const auto& one : what_.headers) {
    if (auto value = read_variable(one, variables, problems)) {
      headers_.emplace_back(one.name, std::move(*value));
    }
  }
  if (!what_.token) return;
  if (auto value = read_variable(*what_.token, variables, problems)) {
    headers_.emplace_back(what_.token->name, "Bearer " + *value);
  }
}

void tool_server::put(std::optional<std::string> only, const tool_set& into) {
  wanted_.push_back({std::move(only), into});
}

void tool_server::start() {
  {
    const std::lock_guard lock{mutex_};
    if (client_) return;
  }
  if (offline_) {
    tools_by_name refused;
    for (const auto& name : known_names()) refused.emplace(name, refused_tool(name));
    return replace(std::move(refused));
  }
  auto options = what_.options;
  for (const auto& one : secrets_) options.environment.push_back(one);
  for (const auto& one : headers_) options.headers.push_back(one);
  options.on_log = [known = known_, name = what_.name](std::string_view line) {
    known->say(name, line);
  };
  auto client = mcp_client::connect(std::move(options));
  client->watch_tools([weak = weak_from_this()](const std::vector<mcp_server_tool>& now) {
    if (const auto self = weak.lock()) self->take(now);
  });
  const std::lock_guard lock{mutex_};
  client_ = std::move(client);
}

std::shared_ptr<mcp_client> tool_server::client() const {
  const std::lock_guard lock{mutex_};
  return client_;
}

void tool_server::need_prompt(const placed_name& name, std::vector<std::string> arguments) {
  prompts_.emplace_back(name, std::move(arguments));
}

std::vector<std::string> tool_server::known_names() const {
  std::vector<std::string> result;
  for (const auto& one : what_.tools.value_or(std::vector<server_tool_description>{})) {
    result.push_back(one.offered);
  }
  if (what_.resources) {
    result.push_back(mcp_tool_name(what_.prefix, list_resources_name));
    result.push_back(mcp_tool_name(what_.prefix, read_resource_name));
  }
  return result;
}

std::vector<mcp_server_tool> tool_server::with_resources(std::vector<mcp_server_tool> now) {
  auto added = resource_tools([weak = weak_from_this()]() -> std::shared_ptr<mcp_client> {
    const auto self = weak.lock();
    return self ? self->client() : nullptr;
  });
  for (auto& one : added) now.push_back(std::move(one));
  return now;
}

void tool_server::take(const std::vector<mcp_server_tool>& now) {
  replace(offer(what_.resources ? with_resources(now) : now));
  const std::lock_guard lock{mutex_};
  names_.clear();
  for (const auto& one : now) names_.push_back(one.name);
}

void tool_server::replace(tools_by_name made) {
  const std::lock_guard lock{mutex_};
  for (const auto& [only, into] : wanted_) {
    for (const auto& [name, old] : offered_) {
      if (!made.contains(name) && into.find(name) == old) into.remove(name);
    }
    for (const auto& [name, one] : made) {
      if (!only || *only == name) add(one, into);
    }
  }
  offered_ = std::move(made);
}

void tool_server::add(const std::shared_ptr<tool>& one, const tool_set& into) const {
  try {
    into.add(one);
  } catch (const error& why) {
    known_->say(what_.name, "a tool is left out: " + why.message());
  }
}

tool_server::tools_by_name tool_server::offer(const std::vector<mcp_server_tool>& now) const {
  tools_by_name made;
  for (const auto& one : now) {
    const auto* listed = find(one.name);
    const bool of_resources =
        what_.resources && (one.name == list_resources_name || one.name == read_resource_name);
    if (what_.tools && listed == nullptr && !of_resources) continue;
    auto made_tool = configured(one, listed);
    auto name = made_tool->description().name;
    if (!known_->claim(name, what_.name) || made.contains(name)) {
      known_->say(what_.name, "its tool \"" + one.name +
                                  "\" is left out: another tool is called \"" + name +
                                  "\"; give the server a `prefix`, or the tool `as: NAME`");
      continue;
    }
    made.emplace(std::move(name), std::move(made_tool));
  }
  return made;
}

const server_tool_description* tool_server::find(const std::string& name) const {
  if (!what_.tools) return nullptr;
  for (const auto& one : *what_.tools) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

std::shared_ptr<tool> tool_server::configured(const mcp_server_tool& one,
                                              const server_tool_description* listed) const {
  const auto calls = listed == nullptr ? what_.calls : merged(listed->calls, what_.calls);
  return std::make_shared<configured_tool>(
      one.tool,
      tool_settings{
          .name = listed == nullptr ? mcp_tool_name(what_.prefix, one.name) : listed->offered,
          .description = listed == nullptr ? std::string{} : listed->description,
          .options = options_of(calls, one.tool->options(), lua_),
          .given = calls.given});
}

void tool_server::check_prompts(problem_list& problems) const {
  const auto running = client();
  if (prompts_.empty() || !running) return;
  std::vector<std::string> known;
  const auto offered = running->prompts();
  for (const auto& one : offered) known.push_back(one.name);
  for (const auto& [wanted, arguments] : prompts_) {
    const auto found = std::find(known.begin(), known.end(), wanted.name);
    if (found == known.end()) {
      problems.error(wanted.at, "the server \"" + what_.name + "\" offers no prompt \"" +
                                    wanted.name + "\"" + nearest(wanted.name, known));
      continue;
    }
    for (const auto& one : offered[static_cast<std::size_t>(found - known.begin())].arguments) {
      const bool given = std::find(arguments.begin(), arguments.end(), one.name) != arguments.end();
      if (!one.required || given) continue;
      problems.error(wanted.at,
                     "the prompt \"" + wanted.name + "\" of the server \"" + what_.name +
                         "\" needs the argument \"" + one.name + "\"",
                     "add it to `arguments`");
    }
  }
}

void tool_server::check_tools(problem_list& problems) const {
  check_prompts(problems);
  if (!what_.tools || offline_) return;
  const std::lock_guard lock{mutex_};
  const auto left_out = client_ ? client_->left_out() : std::vector<left_out_tool>{};
  for (const auto& one : *what_.tools) {
    if (std::find(names_.begin(), names_.end(), one.name) != names_.end()) continue;
    const auto refused = std::find_if(left_out.begin(), left_out.end(),
                                      [&one](const auto& out) { return out.name == one.name; });
    if (refused != left_out.end()) {
      problems.error(one.at,
                     "the tool \"" + one.name + "\" of the server \"" + what_.name +
                         "\" cannot be used: " + refused->reason,
                     "correct the server, or leave the tool out");
      continue;
    }
    std::string all;
    for (const auto& name : names_) all += (all.empty() ? "" : ", ") + name;
    problems.error(one.at,
                   "the server \"" + what_.name + "\" offers no tool \"" + one.name + "\"" +
                       nearest(one.name, names_),
                   all.empty() ? "it offers none" : "it offers: " + all);
  }
}

}  // namespace mcp::cluster
