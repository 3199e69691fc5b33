#pragma once

#include "cli/run_ledger.hpp"
#include "control/control_server.hpp"
#include "system/cluster_system.hpp"

#include <nlohmann/json.hpp>

// What those hear who ask a server for a run: lines of its control socket.

namespace mcp::cluster {

/// {"accepted": ...}, and with `wait` how the run ends; with `events` these before. Returns early
/// when nobody listens any more.
void tell_of_run(const run_ledger::handle_type& run, const nlohmann::json& request,
                 const control_server::line_sink& answer);

/// {"result": ...}, or {"left": ...} when the run goes on elsewhere.
[[nodiscard]] nlohmann::ordered_json end_line(const run_result_info& result);
/// The same for a run that has ended or waits, from the store. Throws what the store throws.
[[nodiscard]] nlohmann::ordered_json stored_end_line(cluster_system& system, const run_record& run);
/// {"left": {thread, run}}: it is stored, and goes on with the next server, or another one.
[[nodiscard]] nlohmann::ordered_json left_line(const std::string& thread, const std::string& run);

[[nodiscard]] bool flag_of(const nlohmann::json& request, const char* key);

}  // namespace mcp::cluster
