#pragma once

#include "cluster_file/map_reader.hpp"
#include "mcp/agents/agent_memory.hpp"
#include "mcp/agents/conversation_summary.hpp"
#include "script/template.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a cluster file says of nodes that remember.
namespace mcp::cluster {

/// How much of a conversation counts; zeros: all of it.
struct window_description {
  std::int64_t tokens = 0;
  std::size_t turns = 0;
  std::vector<std::string> pinned{};  ///< whose messages stay, by `message::name`

  [[nodiscard]] window_limit limit() const;
};

/// Fields that a model is told beside the conversation.
struct known_description {
  std::optional<placed_name> summary{};
  std::optional<placed_name> facts{};
  std::optional<placed_name> recalled{};
};

/// Whose memory a node uses.
struct scope_description {
  memory_scope scope = memory_scope::thread;
  text_template id{};  ///< empty: the thread of the run, the system as an agent
};

using named_scripts = std::vector<std::pair<std::string, compiled_script>>;

/// Keeps a running summary of a conversation.
struct summary_node_description {
  placed_name model{};
  std::optional<placed_name> messages{};
  placed_name into{};
  window_description limit{};
  window_description keep{};
  std::string instruction{};  ///< empty: that of `summary_options`
  std::optional<std::int64_t> max_tokens{};
  std::optional<std::int64_t> max_question_tokens{};
  summary_failure on_failure = summary_failure::keep;
};

struct remember_node_description {
  text_template text{};
  std::optional<compiled_script> lua{};  ///< in its place: several notes
  scope_description scope{};
  std::string kind{};
  text_template key{};
  named_scripts metadata{};  ///< expressions over `state`
};

struct recall_node_description {
  text_template question{};
  std::vector<scope_description> scopes{};
  placed_name into{};
  std::size_t limit = 5;
  std::string kind{};
  named_scripts metadata{};  ///< that a note must have
};

}  // namespace mcp::cluster
