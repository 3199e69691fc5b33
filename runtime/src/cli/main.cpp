#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/errors.hpp"
#include "cli/exit_codes.hpp"
#include "cli/logging.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stop_signals.hpp"
#include "plugins/plugin_trial.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>
#include <variant>

using namespace mcp::cluster;

namespace {

int execute(const command_options& options, stop_signals& signals) {
  switch (options.what) {
    case command::run:
      return run_command(options, signals);
    case command::resume:
      return options.control.empty() ? resume_command(options, signals)
                                     : resume_at_server_command(options, signals);
    case command::tail:
      return tail_command(options, signals);
    case command::check:
      return check_command(options);
    case command::graph:
      return graph_command(options);
    case command::threads:
      return threads_command(options);
    case command::state:
      return state_command(options);
    case command::history:
      return history_command(options);
    case command::fork:
      return fork_command(options);
    case command::cancel:
      return options.control.empty() ? cancel_command(options) : cancel_at_server_command(options);
    case command::prune:
      return prune_command(options);
    case command::delete_thread:
      return delete_command(options);
    case command::copy:
      return copy_command(options);
    case command::expire:
      return expire_command(options);
    case command::sweep:
      return sweep_command(options);
    case command::backup:
      return backup_command(options);
    case command::serve:
      return serve_command(options, signals);
    case command::join:
      return join_command(options, signals);
    case command::submit:
      return submit_command(options, signals);
    case command::status:
      return status_command(options);
    case command::members:
      return members_command(options);
    case command::wait:
      return wait_command(options, signals);
    case command::runs:
      return runs_command(options);
    case command::drain:
      return drain_command(options);
    case command::agents:
      return agents_command(options);
    case command::stop_agents:
      return stop_agents_command(options);
    case command::revive_agents:
      return revive_agents_command(options);
    case command::top:
      return top_command(options, signals);
    case command::plugin_check:
      return plugin_check_command(options);
    case command::plugin_new:
      return plugin_new_command(options);
    case command::plugin_trial:
      return answer_trial(options.file);
    case command::pki_init:
      return pki_init_command(options);
    case command::pki_issue:
      return pki_issue_command(options);
    case command::completion:
      return completion_command(options);
    case command::version:
      return version_command(options);
  }
  return exit_usage;
}

int guarded(const command_options& options) {
  try {
    stop_signals signals;
    return execute(options, signals);
  } catch (const mcp::error& what) {
    complain(what);
    if (options.json || options.events) print_line(to_line({{"error", to_report(what)}}));
    return exit_code_of(what.code());
  }
}

int end_of(const command_end& end, bool json) {
  if (end.code == exit_done) {
    print(end.text);
    return end.code;
  }
  std::fputs(end.text.c_str(), stderr);
  if (json) {
    const mcp::error what{mcp::errc::invalid_argument, end.text.substr(0, end.text.find('\n'))};
    print_line(to_line({{"error", to_report(what)}}));
  }
  return end.code;
}

/// Of a command line that could not be read.
bool wants_json(int count, char** arguments) {
  return std::any_of(arguments + 1, arguments + count,
                     [](std::string_view one) { return one == "--json"; });
}

}  // namespace

int main(int count, char** arguments) {
  try {
    route_log(nullptr);
    const auto parsed_line = parse_command_line(count, arguments);
    if (const auto* end = std::get_if<command_end>(&parsed_line)) {
      return end_of(*end, wants_json(count, arguments));
    }
    return guarded(std::get<command_options>(parsed_line));
  } catch (const std::exception& what) {
    complain(what.what());
    return exit_failed;
  }
}
