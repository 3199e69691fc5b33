#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

/// Threads of a store that are looked at to find the newest.
constexpr std::size_t most_threads = 1'000'000;

}  // namespace

int threads_command(const command_options& options) {
  const auto store = open_store(durable_store_of(options), store_access::read);
  auto threads = store->threads(most_threads);
  std::reverse(threads.begin(), threads.end());
  if (threads.size() > options.limit) threads.resize(options.limit);
  std::vector<std::vector<std::string>> rows{{"THREAD", "STATUS", "GRAPH", "UPDATED", "CREATED"}};
  auto list = nlohmann::ordered_json::array();
  for (const auto& one : threads) {
    const auto run = last_run(*store, one.thread_id);
    const std::string status = run ? std::string{name(run->status)} : "-";
    rows.push_back({one.thread_id, status, run ? run->graph : "-", time_text(one.updated),
                    time_text(one.created)});
    list.push_back({{"thread", one.thread_id},
                    {"status", run ? nlohmann::ordered_json(status) : nullptr},
                    {"graph", run ? nlohmann::ordered_json(run->graph) : nullptr},
                    {"error", run ? run->error : ""},
                    {"updated", time_text(one.updated)},
                    {"created", time_text(one.created)},
                    {"expires", one.expires ? nlohmann::ordered_json(time_text(*one.expires))
                                            : nlohmann::ordered_json(nullptr)}});
  }
  if (options.json) {
    print_line(to_line({{"threads", list}}));
  } else {
    print(table(rows));
  }
  return exit_done;
}

}  // namespace mcp::cluster
