#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

std::string level_of(const cluster_problem& one) {
  return one.severity == cluster_problem::level::error ? "error" : "warning";
}

}  // namespace

int check_command(const command_options& options) {
  const auto problems = cluster_system::check(options.file, load_options_of(options));
  const bool ok = std::none_of(problems.begin(), problems.end(), [](const auto& one) {
    return one.severity == cluster_problem::level::error;
  });
  if (options.json) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& one : problems) {
      list.push_back({{"file", one.file},
                      {"line", one.at.line},
                      {"column", one.at.column},
                      {"severity", level_of(one)},
                      {"message", one.message},
                      {"advice", one.advice}});
    }
    print_line(to_line({{"file", options.file}, {"ok", ok}, {"problems", list}}));
    return ok ? exit_done : exit_bad_file;
  }
  std::string text;
  for (const auto& one : problems) {
    text += one.file + ':' + std::to_string(one.at.line) + ':' + std::to_string(one.at.column) +
            ": " + level_of(one) + ": " + printable(one.message) +
            (one.advice.empty() ? "" : "; " + printable(one.advice)) + '\n';
  }
  if (problems.empty()) text = options.file + ": no problems\n";
  print(text);
  return ok ? exit_done : exit_bad_file;
}

}  // namespace mcp::cluster
