#pragma once

#include "cluster_file/map_reader.hpp"
#include "cluster_file/memory_description.hpp"
#include "mcp/agent_spec.hpp"
#include "mcp/agent_supervision.hpp"
#include "mcp/agents/chat_model.hpp"
#include "mcp/agents/mcp_client.hpp"
#include "mcp/agents/model_endpoint.hpp"
#include "mcp/agents/model_node.hpp"
#include "mcp/agents/model_policies.hpp"
#include "mcp/policy.hpp"
#include "mcp/run.hpp"
#include "script/template.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

/// What a cluster file says, as plain data: read, but not yet checked against one another.
namespace mcp::cluster {

/// A shared object that adds to what a file may use.
struct plugin_description {
  std::string label{};
  file_position at{};
  std::string file{};  ///< empty: workers bring it, under the name of the label
  nlohmann::json config{};
};

struct state_description {
  file_position at{};
  nlohmann::json schema = nlohmann::json::object();  ///< for `make_json_state_type`
  std::vector<placed_name> plugin_reducers{};        ///< LABEL.NAME, as the schema names them
  std::map<std::string, file_position> fields{};

  [[nodiscard]] std::vector<std::string> names() const;
  /// Whether the field has the reducer add_messages.
  [[nodiscard]] bool is_conversation(const std::string& field) const;
};

struct answer_description {
  text_template text{};
  std::vector<tool_call> tool_calls{};
  milliseconds delay{0};
};
struct rule_description {
  std::string role{};
  std::string equals{};
  std::string contains{};
  std::vector<answer_description> answers{};
  std::optional<compiled_script> lua{};
};

enum class model_provider : std::uint8_t { openai, anthropic, scripted, replay, plugin };

struct model_description {
  std::string name{};
  file_position at{};
  model_provider provider = model_provider::scripted;
  std::string model{};
  model_endpoint endpoint{};
  std::vector<rule_description> rules{};
  placed_name type{};        ///< LABEL.NAME of a plugin
  nlohmann::json options{};  ///< of that
  std::string replay_file{};
  std::string record_file{};
  std::vector<std::string> redact_env{};  ///< variables whose values are in no cassette
  std::optional<rate_limit> limit{};
  std::optional<model_retry> retry{};
  std::vector<placed_name> fallbacks{};
  std::optional<model_price> price{};
  chat_request request{};  ///< temperature, seed, max_tokens, stop
};

/// How calls of a tool are run, as far as the file says so.
struct call_options_description {
  std::optional<bool> approval{};
  std::optional<compiled_script> approval_rule{};  ///< counts before `approval`
  bool blocking = false;
  std::optional<bool> tell_model{};  ///< absent: true
  std::optional<milliseconds> timeout{};
  std::optional<retry_policy> retry{};
  std::optional<std::size_t> concurrency{};
  std::optional<cache_policy> cache{};
  /// Arguments that the state gives in place of the model: name, expression over `state`.
  std::vector<std::pair<std::string, compiled_script>> given{};
};

struct tool_description_in_file {
  std::string name{};
  file_position at{};
  std::string builtin{};     ///< empty: a tool in Lua, or of a plugin
  placed_name type{};        ///< LABEL.NAME of a plugin; empty: none
  nlohmann::json options{};  ///< of that
  std::optional<compiled_script> lua{};
  std::string description{};
  nlohmann::json parameters{};
  call_options_description calls{};
  std::string root{};                ///< what a builtin may read
  bool fixed_folder = false;         ///< search_documents: the root is all it searches
  std::vector<std::string> hosts{};  ///< http_get
  bool private_addresses = false;    ///< http_get
  std::optional<std::size_t> max_bytes{};
  std::optional<memory_scope> scope{};  ///< remember, recall, forget
  std::string whose{};                  ///< the given argument that says who; empty: none
};

/// A tool of a server that the file names.
struct server_tool_description {
  std::string name{};  ///< the server's own
  file_position at{};
  std::string offered{};      ///< what it is called here
  std::string description{};  ///< empty: the server's
  call_options_description calls{};
};

/// A server that speaks the Model Context Protocol. Secrets are named by the variables that hold
/// them.
struct server_description {
  struct variable {
    std::string name{};      ///< of the header, or of the server's variable
    std::string variable{};  ///< of this process
    file_position at{};
  };
  std::string name{};
  file_position at{};
  mcp_server_options options{};  ///< without what the variables hold
  std::vector<variable> environment{};
  std::vector<variable> headers{};
  std::optional<variable> token{};  ///< becomes the header "Authorization: Bearer ..."
  std::string prefix{};             ///< of its tools' names; empty: none
  std::optional<std::vector<server_tool_description>> tools{};  ///< absent: all there are
  bool resources = false;            ///< two more tools list and read its resources
  call_options_description calls{};  ///< of all its tools

  [[nodiscard]] bool remote() const noexcept { return !options.url.empty(); }
};

struct lua_node_description {
  compiled_script script;
  bool from_send = false;
};
/// A prompt that a server makes.
struct server_prompt_description {
  placed_name server{};
  placed_name name{};
  std::vector<std::pair<std::string, compiled_script>> arguments{};  ///< expressions over `state`
};
struct model_node_description {
  placed_name model{};
  text_template system{};
  text_template prompt{};
  std::optional<server_prompt_description> prompt_from{};  ///< in place of `prompt`
  std::optional<placed_name> messages{};
  std::vector<placed_name> tools{};
  std::optional<placed_name> output{};
  nlohmann::json output_schema{};
  mcp::tool_choice tool_choice = mcp::tool_choice::automatic;
  std::optional<std::int64_t> max_tokens{};
  std::optional<double> temperature{};
  bool stream = true;
  window_description window{};
  known_description knows{};
};
struct tools_node_description {
  std::vector<placed_name> tools{};
  placed_name messages{"messages", {}};
};
/// Calls a tool without a model.
struct call_node_description {
  placed_name tool{};
  std::vector<std::pair<std::string, compiled_script>> arguments{};  ///< expressions over `state`
  std::optional<placed_name> into{};
};
struct ask_node_description {
  text_template question{};
  std::optional<nlohmann::json> schema{};
  std::optional<placed_name> into{};
};
struct graph_node_description {
  placed_name graph{};
  /// Field of the subgraph, field of the graph around it. Absent, both: fields of the same name.
  std::optional<std::vector<std::pair<placed_name, placed_name>>> in{};
  std::optional<std::vector<std::pair<placed_name, placed_name>>> out{};
};
struct typed_node_description {
  placed_name type{};
  nlohmann::json options{};
  bool from_send = false;  ///< of a plugin that only workers have; others say so themselves
};

struct agent_node_description {
  placed_name agent{};  ///< LABEL.NAME of a plugin
  text_template key{};
  placed_name message{};
  std::vector<std::pair<std::string, compiled_script>> content{};
  std::optional<placed_name> into{};
  milliseconds answer_within{30'000};
};

/// A node runs on a worker, not on the server.
struct placement_description {
  file_position at{};
  std::map<std::string, std::string> labels{};  ///< that the worker must have
  std::size_t replicas = 0;                     ///< workers at once; 0: any number
  std::size_t max_in_flight = 0;                ///< tasks of a worker at once; 0: any number
  milliseconds wait{0};  ///< for a worker that fits; 0: as long as the server says
};

/// What a file says of a type of agents.
struct agent_type_description {
  placed_name type{};  ///< LABEL.NAME of a plugin
  std::optional<placement_description> placement{};
  std::optional<std::size_t> mailbox{};
  std::optional<agent_overflow> overflow{};
  std::optional<milliseconds> idle{};
  std::optional<agent_saving> saving{};
  std::optional<agent_on_failure> on_failure{};
  std::optional<int> intensity{};
  std::optional<milliseconds> period{};

  /// Those of the type, but for what the file says.
  [[nodiscard]] agent_options applied_to(agent_options options) const;
};

struct node_description {
  std::string name{};
  file_position at{};
  std::variant<std::monostate, lua_node_description, model_node_description, tools_node_description,
               call_node_description, ask_node_description, graph_node_description,
               typed_node_description, agent_node_description, summary_node_description,
               remember_node_description, recall_node_description>
      what{};
  node_options options{};
  std::vector<placed_name> destinations{};
  std::optional<placed_name> fallback{};
  std::optional<placement_description> placement{};
};

struct edge_description {
  placed_name source{};
  placed_name target{};
};
struct router_description {
  placed_name source{};
  compiled_script script;
  std::vector<placed_name> destinations{};
};
struct tools_edge_description {
  placed_name source{};
  placed_name tools{};
  placed_name otherwise{};
};
struct join_description {
  std::vector<placed_name> sources{};
  placed_name target{};
};

struct graph_description {
  std::string name{};
  file_position at{};
  state_description state{};
  std::vector<node_description> nodes{};
  std::vector<edge_description> edges{};
  std::vector<router_description> routers{};
  std::vector<tools_edge_description> tools_edges{};
  std::vector<join_description> joins{};
  std::optional<router_description> edge_map{};
  std::vector<placed_name> interrupt_before{};
  std::vector<placed_name> interrupt_after{};

  [[nodiscard]] const node_description* find(const std::string& node) const;
  [[nodiscard]] std::vector<std::string> node_names() const;
};

struct limits_description {
  std::optional<std::int64_t> recursion_limit{};
  milliseconds deadline{0};
  run_budget budget{};
  mcp::durability durability = mcp::durability::async;
  script_limits lua{};
};

/// What turns texts into vectors.
struct embeddings_description {
  bool hashing = false;        ///< without a network, in place of `served`
  model_description served{};  ///< of `model_provider::openai`: where, its limit, retry and price
  std::size_t dimensions = 0;  ///< 0: the model's own
  bool required = false;       ///< what cannot be embedded is not remembered or recalled
};

/// Where runs are kept.
struct store_description {
  std::string place = "memory";                ///< see `store_place.hpp`
  std::optional<milliseconds> keep_threads{};  ///< nothing: for ever
};

/// The memory of all threads.
struct memory_description {
  std::string store{};  ///< "memory", or the path of a SQLite file; empty: where the store is
  std::string label{};  ///< before the namespaces of scripts; empty: the system's name
  std::optional<milliseconds> ttl{};
  std::optional<embeddings_description> embeddings{};
};

/// Restarts agents of its children when one of them fails.
struct supervisor_description {
  std::string name{};
  file_position at{};
  restart_strategy strategy = restart_strategy::one_for_one;
  restart_limit limit{};
  std::vector<placed_name> children{};  ///< supervisors, and agent types as LABEL.NAME
};

struct cluster_description {
  std::string name{};
  std::string description{};
  std::vector<plugin_description> plugins{};
  graph_description graph{};
  std::vector<graph_description> graphs{};  ///< subgraphs
  std::vector<model_description> models{};
  std::vector<tool_description_in_file> tools{};
  std::vector<server_description> servers{};
  std::vector<agent_type_description> agents{};
  std::vector<supervisor_description> supervision{};
  limits_description limits{};
  store_description store{};
  memory_description memory{};
  std::optional<compiled_script> migrate{};  ///< of `state` and `from`, the state's new fields

  /// What stands before the namespaces of scripts.
  [[nodiscard]] std::vector<std::string> memory_root() const;
  /// First label of the namespaces of notes: no script has it.
  [[nodiscard]] std::string notes_root() const;
};

}  // namespace mcp::cluster
