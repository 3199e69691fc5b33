#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"

#include <array>
#include <chrono>
#include <span>

// Commands that change what is stored without running anything.

namespace mcp::cluster {

int fork_command(const command_options& options) {
  const auto at = checkpoint_of(options.checkpoint);
  const auto system = load_system(options);
  const auto team = quiet_executor(*system, store_access::change);
  const auto made = team->fork(options.thread, at.value_or(checkpoint_id{}));
  if (options.json) {
    print_line(to_line(
        {{"thread", options.thread}, {"checkpoint", made.text()}, {"parent", options.checkpoint}}));
  } else {
    print_line(made.text());
    if (!options.quiet) complain("forked", "go on: " + resume_hint(options, options.thread, 0));
  }
  return exit_done;
}

int cancel_command(const command_options& options) {
  const auto store = open_store(durable_store_of(options), store_access::change);
  const auto run = last_run(*store, options.thread);
  if (!run) {
    throw error{errc::unknown_thread, "thread \"" + options.thread + "\" has no run in the store"};
  }
  const bool unfinished = run->status == run_status::accepted ||
                          run->status == run_status::running ||
                          run->status == run_status::interrupted;
  if (!unfinished) {
    const auto why = "the last run of thread \"" + options.thread + "\" is " +
                     std::string{name(run->status)} + ": there is nothing to cancel";
    complain(why, "see mcp-cluster threads");
    if (options.json) {
      print_line(to_line({{"error", to_report(error{errc::invalid_argument, why})}}));
    }
    return exit_failed;
  }
  const std::array<store_write, 1> batch{
      set_run_status{.run_id = run->run_id,
                     .status = run_status::cancelled,
                     .error = "cancelled with mcp-cluster cancel",
                     .updated = std::chrono::time_point_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now())}};
  store->write(batch);
  if (options.json) {
    print_line(
        to_line({{"thread", options.thread}, {"run", run->run_id}, {"status", "cancelled"}}));
  } else {
    print_line("cancelled run " + run->run_id + " of thread " + options.thread);
  }
  return exit_done;
}

}  // namespace mcp::cluster
