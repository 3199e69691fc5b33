#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/person.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"

#include <utility>

namespace mcp::cluster {
namespace {

std::string names_in(const std::vector<std::string>& nodes) {
  return nodes.empty() ? "-" : joined(nodes);
}

std::string status_of(const std::optional<run_status>& status) {
  return status ? std::string{name(*status)} : "-";
}

std::string state_text(const thread_state<json_state>& found, const std::string& thread) {
  auto text = table({{"thread", thread},
                     {"status", status_of(found.status)},
                     {"checkpoint", found.info.id.text()},
                     {"step", std::to_string(found.info.step)},
                     {"created", time_text(found.info.created)},
                     {"next", names_in(found.next)}});
  for (const auto& one : found.interrupts) {
    text += "waits       " + indented(question_text(one)) + "\n  id " + one.id + '\n';
  }
  const auto values = found.values.to_json();
  for (const auto& [field, content] : values.items()) {
    text += printable(field) + " = " + printable(to_line(content, 2), true) + '\n';
  }
  return text;
}

}  // namespace

int state_command(const command_options& options) {
  const auto at = checkpoint_of(options.checkpoint);
  const auto system = load_system(options);
  const auto team = quiet_executor(*system, store_access::read);
  const auto found = team->state(options.thread, at);
  if (!options.json) {
    print(state_text(found, options.thread));
    return exit_done;
  }
  nlohmann::ordered_json made{
      {"thread", options.thread},
      {"status", found.status ? nlohmann::ordered_json(std::string{name(*found.status)})
                              : nlohmann::ordered_json(nullptr)}};
  made.update(to_report(found.info));
  made["next"] = found.next;
  made["values"] = found.values.to_json();
  made["interrupts"] = to_report(found.interrupts);
  print_line(to_line(made));
  return exit_done;
}

int history_command(const command_options& options) {
  const auto system = load_system(options);
  const auto team = quiet_executor(*system, store_access::read);
  const auto entries = team->history(options.thread, {.limit = options.limit});
  if (entries.empty()) static_cast<void>(team->state(options.thread));  // says that it is unknown
  if (options.json) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& one : entries) {
      auto added = to_report(one.info);
      added["next"] = one.next;
      list.push_back(std::move(added));
    }
    print_line(to_line({{"thread", options.thread}, {"checkpoints", list}}));
    return exit_done;
  }
  std::vector<std::vector<std::string>> rows{
      {"CHECKPOINT", "STEP", "SOURCE", "CREATED", "PARENT", "NEXT"}};
  for (const auto& one : entries) {
    rows.push_back({one.info.id.text(), std::to_string(one.info.step),
                    std::string{name(one.info.source)}, time_text(one.info.created),
                    one.info.parent ? one.info.parent.text() : "-", names_in(one.next)});
  }
  print(table(rows));
  return exit_done;
}

}  // namespace mcp::cluster
