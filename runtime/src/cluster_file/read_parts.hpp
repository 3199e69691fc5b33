#pragma once

#include "cluster_file/description.hpp"

#include <string>

/// How the parts of a cluster file are read. What is wrong goes into the list of problems, and
/// reading goes on.
namespace mcp::cluster {

/// What all parts need.
struct reading {
  problem_list& problems;
  std::string file_name;  ///< without folders, for the messages of scripts
  std::string folder;     ///< paths are relative to it

  [[nodiscard]] std::optional<compiled_script> script(const yaml_node& node) const;
  /// One expression, in place of a whole function.
  [[nodiscard]] std::optional<compiled_script> expression(const yaml_node& node) const;
  [[nodiscard]] text_template words(const yaml_node& node) const;
  /// A path, relative to the file.
  [[nodiscard]] std::string path(const std::string& given) const;
};

/// Whether a name may stand for a node, a model or a tool; if not that is a problem.
bool check_name(const std::string& name, file_position at, std::string_view what,
                problem_list& problems);

[[nodiscard]] std::vector<plugin_description> read_plugins(const yaml_node& node,
                                                           const reading& with);
[[nodiscard]] state_description read_state(const yaml_node& node, const reading& with);
[[nodiscard]] std::vector<model_description> read_models(const yaml_node& node,
                                                         const reading& with);
/// Where a model is served, its limit, retries and price.
void read_served(map_reader& keys, const reading& with, model_description& to);
[[nodiscard]] std::vector<rule_description> read_rules(const yaml_node& node, const reading& with);
[[nodiscard]] std::vector<tool_description_in_file> read_tools(const yaml_node& node,
                                                               const reading& with);
[[nodiscard]] std::vector<server_description> read_servers(const yaml_node& node,
                                                           const reading& with);
/// `approval`, `timeout` and what else all tools take.
[[nodiscard]] call_options_description read_call_options(map_reader& keys, const reading& with);
[[nodiscard]] std::vector<agent_type_description> read_agents(const yaml_node& node,
                                                              const reading& with);
/// `placement: workers`, or `placement: {labels: {NAME: TEXT}}`; nothing when it is not there.
[[nodiscard]] std::optional<placement_description> read_placement(map_reader& keys);
[[nodiscard]] std::vector<node_description> read_nodes(const yaml_node& node, const reading& with);
/// `window`, `knows`.
void read_prompt_memory(map_reader& keys, const reading& with, model_node_description& to);
/// Nodes with `summarize`, `remember` and `recall`.
void read_summary_node(map_reader& keys, const reading& with, node_description& to);
void read_remember_node(map_reader& keys, const reading& with, node_description& to);
void read_recall_node(map_reader& keys, const reading& with, node_description& to);
void read_edges(const yaml_node& node, const reading& with, graph_description& to);
void read_edge_map(const yaml_node& node, const reading& with, graph_description& to);
/// `state`, `nodes`, `edges`, `edge_map`, `interrupt_before`, `interrupt_after`.
void read_graph(map_reader& keys, const reading& with, graph_description& to);
[[nodiscard]] std::vector<supervisor_description> read_supervision(const yaml_node& node,
                                                                   const reading& with);
[[nodiscard]] limits_description read_limits(const yaml_node& node, const reading& with);
[[nodiscard]] store_description read_store(const yaml_node& node, const reading& with);
[[nodiscard]] memory_description read_memory(const yaml_node& node, const reading& with);
[[nodiscard]] std::optional<embeddings_description> read_embeddings(map_reader& keys,
                                                                    const reading& with);
[[nodiscard]] std::optional<compiled_script> read_migrate(const yaml_node& node,
                                                          const reading& with);

/// A mapping of names and expressions.
[[nodiscard]] std::vector<std::pair<std::string, compiled_script>> read_expressions(
    map_reader& keys, std::string_view key, const reading& with);
[[nodiscard]] std::optional<retry_policy> read_retry(map_reader& keys, const reading& with);
[[nodiscard]] std::optional<cache_policy> read_cache(map_reader& keys, const reading& with);
void read_node_options(map_reader& keys, const reading& with, node_description& to);

}  // namespace mcp::cluster
