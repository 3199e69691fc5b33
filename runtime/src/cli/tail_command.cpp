#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

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

/// What a step did, for whoever has the file: its nodes, and the fields they changed.
class step_reader {
 public:
  step_reader(const command_options& options, std::string thread) : thread_(std::move(thread)) {
    if (options.file.empty()) return;
    system_ = load_system(options);
    team_ = quiet_executor(*system_, store_access::read);
  }

  /// {ran, next, changed}; empty without a file.
  [[nodiscard]] nlohmann::ordered_json read(const checkpoint_info& one) {
    auto made = nlohmann::ordered_json::object();
    if (!team_) return made;
    if (!one.parent) before_ = {};
    if (one.parent && one.parent != before_.id) before_ = look(one.parent);
    auto now = look(one.id);
    made["ran"] = one.source == checkpoint_source::loop ? before_.next : std::vector<std::string>{};
    made["next"] = now.next;
    made["changed"] = nlohmann::ordered_json::object();
    for (const auto& [field, content] : now.values.items()) {
      const auto old = before_.values.find(field);
      if (old == before_.values.end() || *old != content) made["changed"][field] = content;
    }
    before_ = std::move(now);
    return made;
  }

 private:
  struct seen {
    checkpoint_id id{};
    nlohmann::ordered_json values = nlohmann::ordered_json::object();
    std::vector<std::string> next{};
  };
  [[nodiscard]] seen look(checkpoint_id at) const {
    const auto found = team_->state(thread_, at);
    return {at, found.values.to_json(), found.next};
  }

  std::string thread_;
  std::shared_ptr<cluster_system> system_;
  std::unique_ptr<executor<json_state>> team_;
  seen before_{};
};

/// "plan: log = ["planned"], answer = 42", cut to a line.
std::string summary(const nlohmann::ordered_json& step) {
  constexpr std::size_t longest_value = 60;
  std::string text;
  for (const auto& node : step.value("ran", nlohmann::ordered_json::array())) {
    text += (text.empty() ? "  " : ", ") + node.get<std::string>();
  }
  std::string fields;
  const auto changed = step.value("changed", nlohmann::ordered_json::object());
  for (const auto& [field, content] : changed.items()) {
    fields += (fields.empty() ? "  " : ", ") + field + " = " +
              cut_to(printable(to_line(content)), longest_value);
  }
  return printable(text + fields);
}

void show(const checkpoint_info& one, const nlohmann::ordered_json& step, bool json) {
  if (json) {
    auto made = to_report(one);
    made.update(step);
    return print_line(to_line(made));
  }
  print_line(one.id.text() + "  " + time_text(one.created) + "  " + padded(name(one.source), 7) +
             "step " + std::to_string(one.step) + summary(step));
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
  step_reader steps{options, options.thread};
  auto pause = shortest_pause;
  for (;;) {
    // The run first: a checkpoint that follows its end is of a later one.
    const auto run = last_run(*store, options.thread);
    const auto found = news(*store, options.thread, last);
    for (const auto& one : found) show(one, steps.read(one), options.json);
    if (!found.empty()) last = found.back().id;
    const bool under_way =
        run && (run->status == run_status::accepted || run->status == run_status::running);
    if (!under_way) return run ? show_end(*run, options.json) : exit_done;
    pause = found.empty() ? std::min(pause * 2, longest_pause) : shortest_pause;
    if (signals.wait_for(pause)) return exit_interrupted;
  }
}

}  // namespace mcp::cluster
