#pragma once

#include "mcp/agents/tool_set.hpp"
#include "system/graph_factory.hpp"
#include "system/node_factory.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mcp::cluster {

/// The subgraphs of a file, each made when it is first needed.
class graph_library {
 public:
  graph_library(const graph_parts& parts, problem_list& problems)
      : parts_(parts), problems_(problems) {}
  /// Null when there is no such graph, or it contains itself.
  [[nodiscard]] const ready_graph* find(const std::string& name);
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  const graph_parts& parts_;
  problem_list& problems_;
  std::map<std::string, ready_graph> made_;
  std::set<std::string> open_;
};

/// Makes one graph from its description.
class graph_maker {
 public:
  graph_maker(const graph_description& what, const graph_parts& parts, graph_library& library,
              problem_list& problems)
      : what_(what), parts_(parts), library_(library), problems_(problems) {}
  [[nodiscard]] ready_graph run();
  /// One node alone.
  [[nodiscard]] worker_node make_worker_node(const node_description& node);

 private:
  /// False: the state has problems.
  bool make_surroundings();
  void add_nodes();
  void add_node(const node_description& node);
  [[nodiscard]] node_spec make(const node_description& node, const lua_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const model_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const tools_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const call_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const ask_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const graph_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const typed_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const agent_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const summary_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const remember_node_description& what);
  [[nodiscard]] node_spec make(const node_description& node, const recall_node_description& what);
  [[nodiscard]] node_spec make(const node_description&, std::monostate) { return {}; }

  [[nodiscard]] node_spec placed(const node_description& node, node_spec spec);
  [[nodiscard]] task_demand demand_of(const node_description& node) const;
  void check_placement(const node_description& node);

  void add_edges();
  void add_tools_edge(const tools_edge_description& edge);
  [[nodiscard]] std::string node_name(const placed_name& name, bool may_start, bool may_end);
  [[nodiscard]] std::vector<std::string> targets(const std::vector<placed_name>& names);

  bool need_field(const placed_name& field, const state_description& state);
  /// A field of the JSON type "string" or "array".
  bool need_field_of(const placed_name& field, const std::string& type);
  bool need_known(const known_description& knows);
  /// Whether there is such a server; it then makes the prompt.
  bool need_prompt(const server_prompt_description& what, tool_servers::client_source& from);
  /// Null: there is no such model, which was said.
  const ready_model* need_model(const placed_name& name);
  bool need_conversation(const placed_name& field);
  [[nodiscard]] bool knows_tool(const std::string& name) const;
  [[nodiscard]] std::string unknown_tool(const std::string& name) const;
  bool need_tools(const std::vector<placed_name>& names);
  /// Those of servers get into the set once the servers run.
  [[nodiscard]] tool_set collect_tools(const std::vector<placed_name>& names);
  void map_fields(const graph_node_description& what, const state_description& child);
  [[nodiscard]] std::string answer_schema(const ask_node_description& what) const;
  void report_graph_problems();
  [[nodiscard]] file_position position_of(const std::string& place) const;

  const graph_description& what_;
  const graph_parts& parts_;
  graph_library& library_;
  problem_list& problems_;
  graph_builder builder_;
  node_surroundings around_;
  std::shared_ptr<send_inputs> inputs_ = std::make_shared<send_inputs>();
};

/// What a file says of where tasks run, and `name`: what its limits count.
void limit(task_demand& demand, const placement_description& placement, std::string name);

/// Whether the node runs on workers, because it or its plugin is there.
[[nodiscard]] bool is_placed(const node_description& node, const cluster_description& file);

}  // namespace mcp::cluster
