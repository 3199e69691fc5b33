#include "cli/run_lines.hpp"

#include "cli/report.hpp"

namespace mcp::cluster {
namespace {

using json = nlohmann::ordered_json;

}  // namespace

bool flag_of(const nlohmann::json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_boolean() && found->get<bool>();
}

json left_line(const std::string& thread, const std::string& run) {
  return {{"left", {{"thread", thread}, {"run", run}}}};
}

json end_line(const run_result_info& result) {
  if (is_left(result)) return left_line(result.thread_id, result.run_id);
  const bool reached = result.state && result.state.type().id() == typeid(json_state);
  return {{"result",
           {{"thread", result.thread_id},
            {"run", result.run_id},
            {"status", std::string{name(result.status)}},
            {"steps", result.steps},
            {"usage", to_report(result.usage)},
            {"output", reached ? output_of(result.state.as<json_state>()) : json(nullptr)},
            {"interrupts", to_report(result.interrupts)},
            {"error", result.error ? to_report(*result.error) : json(nullptr)}}}};
}

json stored_end_line(cluster_system& system, const run_record& run) {
  const auto found = system.executor().state(run.thread_id);
  auto wrong = json(nullptr);
  if (!run.error.empty()) wrong = {{"code", std::string{name(run.status)}}, {"message", run.error}};
  return {{"result",
           {{"thread", run.thread_id},
            {"run", run.run_id},
            {"status", std::string{name(run.status)}},
            {"output", output_of(found.values)},
            {"interrupts", to_report(found.interrupts)},
            {"error", wrong}}}};
}

void tell_of_run(const run_ledger::handle_type& run, const nlohmann::json& request,
                 const control_server::line_sink& answer) {
  if (!answer({{"accepted", {{"thread", run.thread_id()}, {"run", run.run_id()}}}})) return;
  if (!flag_of(request, "wait")) return;
  if (flag_of(request, "events")) {
    auto events = run.stream();
    while (const auto event = events.next()) {
      if (!answer({{"event", to_report(*event)}})) return;
    }
  }
  static_cast<void>(answer(end_line(run.wait())));
}

}  // namespace mcp::cluster
