#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"
#include "control/control_server.hpp"

// Commands that ask a server about its agents.

namespace mcp::cluster {
namespace {

using json = nlohmann::ordered_json;

json ask_of_agents(const command_options& options, nlohmann::json request) {
  request["who"] = options.name;
  if (!options.key_of_agents.empty()) request["key"] = options.key_of_agents;
  if (!options.reason.empty()) request["reason"] = options.reason;
  return ask_server(options.control.empty() ? default_control_path : options.control, request);
}

std::string stops_of(const json& supervisor) {
  std::vector<std::string> words;
  for (const auto& one : supervisor.at("stops")) {
    const auto key = one.at("key").is_null() ? "all" : one.at("key").get<std::string>();
    words.push_back(key + " (" + one.at("reason").get<std::string>() + ")");
  }
  const auto more = supervisor.at("stopped").get<std::size_t>() - words.size();
  if (more > 0) words.push_back(std::to_string(more) + " more");
  return words.empty() ? "-" : joined(words);
}

std::string agents_text(const json& answer) {
  std::string text;
  for (const auto& one : answer.at("agents")) {
    text += one.at("system").get<std::string>() + ": " +
            joined(one.at("types").get<std::vector<std::string>>()) + "; " +
            one.at("awake").dump() + " awake, " + one.at("undelivered").dump() +
            " messages undelivered\n";
    if (one.at("supervisors").empty()) continue;
    std::vector<std::vector<std::string>> rows{
        {"SUPERVISOR", "PARENT", "STRATEGY", "CHILDREN", "RESTARTS", "GAVE UP", "STOPPED"}};
    for (const auto& of : one.at("supervisors")) {
      rows.push_back({of.at("supervisor"), of.at("parent").is_null() ? "-" : of.at("parent"),
                      of.at("strategy"), joined(of.at("children").get<std::vector<std::string>>()),
                      of.at("restarts").dump(), of.at("gave_up").dump(), stops_of(of)});
    }
    text += table(rows);
  }
  return text.empty() ? "there are no agents\n" : text;
}

}  // namespace

int agents_command(const command_options& options) {
  const auto answer = ask_of_agents(options, {{"do", "agents"}});
  options.json ? print_line(to_line(answer)) : print(agents_text(answer));
  return exit_done;
}

int stop_agents_command(const command_options& options) {
  const auto answer = ask_of_agents(options, {{"do", "stop_agents"}});
  options.json ? print_line(to_line(answer)) : print_line(options.name + " is stopped");
  return exit_done;
}

int revive_agents_command(const command_options& options) {
  const auto answer = ask_of_agents(options, {{"do", "revive_agents"}});
  const bool was = answer.at("was_stopped").get<bool>();
  options.json ? print_line(to_line(answer))
               : print_line(options.name + (was ? " starts again" : " was not stopped"));
  return exit_done;
}

}  // namespace mcp::cluster
