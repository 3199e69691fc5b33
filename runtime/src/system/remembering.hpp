#pragma once

#include "mcp/agents/prompt_memory.hpp"
#include "system/node_factory.hpp"

#include <string>
#include <vector>

namespace mcp::cluster {

/// The texts of a field: a text is one; of a list each text, the `text` of each table, and else
/// JSON. Blank ones are left out.
[[nodiscard]] std::vector<std::string> texts_in(const nlohmann::json& field);
/// What a model is told of a state.
[[nodiscard]] prompt_memory known_of(const known_description& knows, const json_state& state);

/// `messages`: the field of the conversation.
[[nodiscard]] node_spec make_summary_node(const summary_node_description& what,
                                          const ready_model& model, const std::string& messages,
                                          const node_surroundings& around);
/// `system`: who remembers in the scope `agent`.
[[nodiscard]] node_spec make_remember_node(const remember_node_description& what,
                                           const std::string& system,
                                           const node_surroundings& around);
/// `texts`: the notes are written as texts; else as tables.
[[nodiscard]] node_spec make_recall_node(const recall_node_description& what, bool texts,
                                         const std::string& system,
                                         const node_surroundings& around);

}  // namespace mcp::cluster
