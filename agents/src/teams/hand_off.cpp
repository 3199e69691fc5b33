#include "teams/hand_off.hpp"

#include <algorithm>
#include <set>

namespace mcp::teams {
namespace {

bool is_transfer(const tool_call& call) {
  return call.name.starts_with(transfer_prefix);
}

message answer_to(const tool_call& call, std::string text) {
  return {.role = "tool", .content = std::move(text), .tool_call_id = call.id, .name = call.name};
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

/// The member that a call leads to; empty when it is none.
std::string target_of(const tool_call& call, const std::vector<std::string>& names) {
  if (!is_transfer(call)) return {};
  auto name = call.name.substr(transfer_prefix.size());
  return std::find(names.begin(), names.end(), name) == names.end() ? std::string{} : name;
}

/// Answers all calls but the one that counts, which may be none.
std::string text_for(const tool_call& call, bool counts, const std::string& to,
                     const hand_off_rules& rules, const std::string& refused) {
  if (counts) return "Successfully transferred to " + to;
  if (!to.empty()) return "Not run: the conversation was handed to " + to + ".";
  if (!is_transfer(call)) return "Not run: the message also asked for a hand-off.";
  if (!refused.empty()) return "Error: " + refused;
  return "Error: nobody is called " + call.name.substr(transfer_prefix.size()) + ", try one of [" +
         list_of(rules.names) + "].";
}

bool is_member_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= max_member_name &&
         std::all_of(name.begin(), name.end(), fits);
}

[[noreturn]] void refuse(const std::string& what) {
  throw error{errc::invalid_argument, what};
}

}  // namespace

std::string transfer_tool(std::string_view name) {
  return std::string{transfer_prefix}.append(name);
}

tool_description transfer_description(const team_member& to) {
  return {.name = transfer_tool(to.name()),
          .description = "Hands the conversation to " + to.name() +
                         (to.description().empty() ? "." : ": " + to.description()),
          .parameters = R"({"type":"object","properties":{}})"};
}

bool has_transfer(const message& said) {
  return said.role == "assistant" &&
         std::any_of(said.tool_calls.begin(), said.tool_calls.end(), is_transfer);
}

bool asks_for_transfer(const std::vector<message>& messages) {
  return !messages.empty() && has_transfer(messages.back());
}

hand_off decide_hand_off(const message& asking, const hand_off_rules& rules,
                         const std::string& refused) {
  hand_off made;
  const tool_call* chosen = nullptr;
  for (const auto& call : asking.tool_calls) {
    if (chosen != nullptr || !refused.empty()) break;
    made.to = target_of(call, rules.names);
    if (!made.to.empty()) chosen = &call;
  }
  if (chosen != nullptr && !rules.keep_trace) {
    // What was said besides the calls stays.
    auto left = asking;
    left.tool_calls.clear();
    made.changes.push_back(left.content.empty() ? remove_message(asking.id) : std::move(left));
    return made;
  }
  for (const auto& call : asking.tool_calls) {
    made.changes.push_back(
        answer_to(call, text_for(call, &call == chosen, made.to, rules, refused)));
  }
  return made;
}

std::vector<std::string> names_of(const std::vector<team_member>& members) {
  std::vector<std::string> names;
  for (const auto& one : members) names.push_back(one.name());
  return names;
}

void check_members(const std::vector<team_member>& members, const std::vector<std::string>& taken) {
  if (members.empty() || members.size() > max_members) {
    refuse("a team has 1 to " + std::to_string(max_members) + " members, this one has " +
           std::to_string(members.size()));
  }
  std::set<std::string> seen{taken.begin(), taken.end()};
  for (const auto& one : members) {
    if (!is_member_name(one.name())) {
      refuse("the name of a member is 1 to " + std::to_string(max_member_name) +
             " letters, digits, '_' and '-'; \"" + one.name().substr(0, 100) + "\" is not");
    }
    if (!seen.insert(one.name()).second) {
      refuse("the name \"" + one.name() + "\" is there twice, or is that of a node of the team");
    }
  }
}

}  // namespace mcp::teams
