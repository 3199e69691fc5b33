#pragma once

#include "mcp/executor_base.hpp"
#include "mcp/json.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the program says about runs as JSON. Pure functions.
namespace mcp::cluster {

/// {code, message, advice} and, where known, graph, node, attempt.
[[nodiscard]] nlohmann::ordered_json to_report(const error& what);
/// {id, node, ns, question, schema}; `id` is null for a stop before or after a node.
[[nodiscard]] nlohmann::ordered_json to_report(const pending_interrupt& asked);
[[nodiscard]] nlohmann::ordered_json to_report(const std::vector<pending_interrupt>& asked);
/// {steps, node_calls, counters}.
[[nodiscard]] nlohmann::ordered_json to_report(const run_usage& usage);
/// One event of a run, as `--events` prints it.
[[nodiscard]] nlohmann::ordered_json to_report(const run_event& event);
/// {checkpoint, step, source, created, run, parent}; parent is null for the first.
[[nodiscard]] nlohmann::ordered_json to_report(const checkpoint_info& info);

/// The fields of a state that are for whoever runs the graph.
[[nodiscard]] nlohmann::ordered_json output_of(const json_state& state);

/// JSON text that was made elsewhere; as a string when it is not JSON, null when it is empty.
[[nodiscard]] nlohmann::ordered_json parsed(const std::string& json);
/// Text of JSON that is never refused: damaged UTF-8 is replaced. `indent` -1: one line.
[[nodiscard]] std::string to_line(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace mcp::cluster
