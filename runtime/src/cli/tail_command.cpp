#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <chrono>

namespace mcp::cluster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds shortest_pause{50};
constexpr milliseconds longest_pause{2000};
constexpr std::size_t most_at_once = 10'000;

/// The checkpoints after `last`, oldest first.
std::vector<checkpoint_info> news(checkpoint_store& store, const std::string& thread,
                                  checkpoint_id last) {
  std::vector<checkpoint_info> found;
  std::optional<checkpoint_id> before;
  for (;;) {
    const auto page = store.history(thread, "", {.before = before, .limit = 100});
    for (const auto& one : page) {
      if (one.id <= last || found.size() == most_at_once) {
        std::reverse(found.begin(), found.end());
        return found;
      }
      found.push_back(one);
    }
    if (page.empty()) break;
    before = page.back().id;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

void show(const checkpoint_info& one, bool json) {
  if (json) return print_line(to_line(to_report(one)));
  print_line(one.id.text() + "  " + time_text(one.created) + "  " + padded(name(one.source), 7) +
             "step " + std::to_string(one.step));
}

int code_of(run_status status) {
  return status == run_status::done          ? exit_done
         : status == run_status::interrupted ? exit_waits
                                             : exit_failed;
}

int show_end(const run_record& run, bool json) {
  const std::string status{name(run.status)};
  if (json) {
    print_line(to_line({{"run", run.run_id}, {"status", status}, {"error", run.error}}));
  } else {
    print_line("run " + run.run_id + ": " + status +
               (run.error.empty() ? "" : ": " + printable(run.error)));
  }
  return code_of(run.status);
}

}  // namespace

int tail_command(const command_options& options, stop_signals& signals) {
  auto last = checkpoint_of(options.checkpoint).value_or(checkpoint_id{});
  const auto store = open_store(durable_store_of(options), store_access::read);
  if (!store->load(options.thread, "") && !last_run(*store, options.thread)) {
    throw error{errc::unknown_thread, "thread \"" + options.thread + "\" is not in the store"};
  }
  auto pause = shortest_pause;
  for (;;) {
    // The run first: a checkpoint that follows its end is of a later one.
    const auto run = last_run(*store, options.thread);
    const auto found = news(*store, options.thread, last);
    for (const auto& one : found) show(one, options.json);
    if (!found.empty()) last = found.back().id;
    const bool under_way =
        run && (run->status == run_status::accepted || run->status == run_status::running);
    if (!under_way) return run ? show_end(*run, options.json) : exit_done;
    pause = found.empty() ? std::min(pause * 2, longest_pause) : shortest_pause;
    if (signals.wait_for(pause)) return exit_interrupted;
  }
}

}  // namespace mcp::cluster
