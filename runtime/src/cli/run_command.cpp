#include "cli/commands.hpp"
#include "cli/session.hpp"

namespace mcp::cluster {

int run_command(const command_options& options, stop_signals& signals) {
  return session{options, signals}.run();
}

int resume_command(const command_options& options, stop_signals& signals) {
  return session{options, signals}.resume();
}

}  // namespace mcp::cluster
