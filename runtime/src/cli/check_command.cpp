#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

bool is_fine(const std::vector<cluster_problem>& problems) {
  return std::none_of(problems.begin(), problems.end(), [](const auto& one) {
    return one.severity == cluster_problem::level::error;
  });
}

std::string level_of(const cluster_problem& one) {
  return one.severity == cluster_problem::level::error ? "error" : "warning";
}

/// The problems of the file, and those of its servers once they were started, if that is wanted.
/// `unseen`: the servers that were not.
std::vector<cluster_problem> problems_of(const command_options& options,
                                         std::vector<std::string>& unseen) {
  auto problems = cluster_system::check(options.file, load_options_of(options));
  if (!is_fine(problems)) return problems;
  const auto system = load_system(options);
  if (!options.servers) {
    unseen = system->servers();
    return problems;
  }
  const auto more = system->start_servers();
  problems.insert(problems.end(), more.begin(), more.end());
  return problems;
}

void report_json(const command_options& options, const std::vector<cluster_problem>& problems,
                 const std::vector<std::string>& unseen) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& one : problems) {
    list.push_back({{"file", one.file},
                    {"line", one.at.line},
                    {"column", one.at.column},
                    {"severity", level_of(one)},
                    {"message", one.message},
                    {"advice", one.advice}});
  }
  print_line(to_line({{"file", options.file},
                      {"ok", is_fine(problems)},
                      {"problems", list},
                      {"servers_not_started", unseen}}));
}

}  // namespace

int check_command(const command_options& options) {
  std::vector<std::string> unseen;
  const auto problems = problems_of(options, unseen);
  const int code = is_fine(problems) ? exit_done : exit_bad_file;
  if (options.json) {
    report_json(options, problems, unseen);
    return code;
  }
  std::string text;
  for (const auto& one : problems) {
    text += one.file + ':' + std::to_string(one.at.line) + ':' + std::to_string(one.at.column) +
            ": " + level_of(one) + ": " + printable(one.message) +
            (one.advice.empty() ? "" : "; " + printable(one.advice)) + '\n';
  }
  if (problems.empty()) text = options.file + ": no problems\n";
  if (!unseen.empty()) {
    text += options.file +
            ": servers were not started, so their tools were not looked at: " + joined(unseen) +
            "; check --servers starts them\n";
  }
  print(text);
  return code;
}

}  // namespace mcp::cluster
