#pragma once

#include "core/graph_plan.hpp"
#include "mcp/checkpoint_store.hpp"
#include "mcp/run.hpp"

#include <map>
#include <string>
#include <vector>

namespace mcp::core {

/// Key of the journal's answer that lets a run pass its stops before nodes once.
inline constexpr const char* gate_key = "gate";

/// The interrupts of a checkpoint's journal that have no answer yet.
[[nodiscard]] std::vector<pending_interrupt> pending_interrupts(
    const std::vector<journal_entry>& journal);

/// Checks answers (interrupt id to CBOR; an empty id means the only pending one) against what is
/// pending and its schemas, and returns them by id. Throws `unknown_interrupt`, `ambiguous_answer`,
/// `invalid_answer`.
[[nodiscard]] std::map<std::string, std::string> match_answers(
    const std::vector<pending_interrupt>& pending, std::map<std::string, std::string> answers);

/// Throws `invalid_argument` when `schema`, JSON text, is no JSON Schema: no answer would ever fit.
void check_answer_schema(const std::string& schema);
/// Throws `invalid_argument` when the run is to stop before or after a node that is not there, and
/// `no_store` when it is to stop anywhere, in a subgraph too, and nothing is `stored` to go on
/// from.
void check_stops(const graph_plan& plan, const run_options& options, bool stored);

}  // namespace mcp::core
