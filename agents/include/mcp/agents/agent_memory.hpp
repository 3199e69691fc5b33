#pragma once

#include "mcp/agents/embedding_model.hpp"
#include "mcp/agents/export.hpp"
#include "mcp/agents/model_node.hpp"
#include "mcp/agents/rank_fusion.hpp"
#include "mcp/memory_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Long-term memory: notes about a user, a thread or an agent, found by their words and, with an
/// embedding model, by their meaning.
///     mcp::agent_memory memory{{.store = store, .embeddings = model}};
///     memory.remember(mcp::user_place("ann"), {{.text = "Ann likes tea."}});
///     for (auto& hit : memory.recall({.text = "drinks", .places =
///     {mcp::user_place("ann")}}).notes)
namespace mcp {

inline constexpr std::size_t max_recalled_notes = 100;   ///< by one recall
inline constexpr std::size_t max_recall_places = 8;      ///< of one recall
inline constexpr std::size_t max_remembered_notes = 64;  ///< by one call of `remember`

/// Whose memory it is.
enum class memory_scope : std::uint8_t { user, thread, agent };
MCP_ENUM(memory_scope, user, thread, agent)

struct memory_place {
  memory_scope scope = memory_scope::user;
  std::string id{};  ///< text, not empty

  friend bool operator==(const memory_place&, const memory_place&) = default;
};
MCP_STRUCT(memory_place, scope, id)

[[nodiscard]] inline memory_place user_place(std::string id) {
  return {memory_scope::user, std::move(id)};
}
[[nodiscard]] inline memory_place agent_place(std::string name) {
  return {memory_scope::agent, std::move(name)};
}
/// The thread of the task.
[[nodiscard]] inline memory_place thread_place(const context& ctx) {
  return {memory_scope::thread, std::string{ctx.thread_id()}};
}

/// What is remembered.
struct memory_note {
  std::string text{};         ///< not blank
  std::string kind = "note";  ///< of your own choice, such as "fact" or "event"; 1 to 64 bytes
  /// A JSON object, of at most 32 members and 4 KB, or empty. Its texts are searched too, and
  /// `recall_query::filters` go by its members; none is named "text" or "kind".
  std::string metadata{};
  std::string key{};  ///< empty: made from kind and text, so that equal notes are one

  friend bool operator==(const memory_note&, const memory_note&) = default;
};
MCP_STRUCT(memory_note, text, kind, metadata, key)

/// A note that was found.
struct memory_hit {
  memory_place place{};
  std::string key{};
  std::string text{};
  std::string kind{};
  std::string metadata{};    ///< a JSON object, or empty
  std::int64_t updated = 0;  ///< when it was remembered last; milliseconds since 1970
  double score = 0;          ///< larger is better; comparable within one result

  friend bool operator==(const memory_hit&, const memory_hit&) = default;
};
MCP_STRUCT(memory_hit, place, key, text, kind, metadata, updated, score)

struct recall_query {
  std::string text{};                    ///< empty: the newest notes
  std::vector<memory_place> places{};    ///< at least one
  std::size_t limit = 5;                 ///< 1 to `max_recalled_notes`
  std::string kind{};                    ///< empty: any
  std::vector<memory_filter> filters{};  ///< on metadata, or "text"; all must hold
};

/// What a recall found, best first.
struct recall_result {
  std::vector<memory_hit> notes{};
  bool by_meaning = false;               ///< vectors were compared
  std::size_t renewed = 0;               ///< notes that got a vector on the way
  std::optional<mcp::error> degraded{};  ///< why the text search had to do alone
  std::optional<mcp::error> error{};     ///< the recall failed, for nodes
};
struct remember_result {
  std::vector<std::string> keys{};       ///< one for each note
  std::optional<mcp::error> degraded{};  ///< why there are no vectors yet
  std::optional<mcp::error> error{};     ///< nothing was remembered, for nodes
};
struct forget_result {
  bool found = false;
  std::optional<mcp::error> error{};
};

struct agent_memory_options {
  std::shared_ptr<memory_store> store{};          ///< null: the executor's, for what has a context
  std::shared_ptr<embedding_model> embeddings{};  ///< null: text search alone
  std::optional<model_price> price{};             ///< of embeddings; their tokens are input
  /// A failed embedding fails the call. Else notes go without a vector until a recall comes across
  /// them, and recalls use the text search alone. A cancelled call and an exhausted budget always
  /// fail it.
  bool require_embeddings = false;
  std::string root =
      "memory";  ///< first label of the namespaces; that of the vectors has "-vectors"
  std::size_t max_text_bytes = 8 * 1024;  ///< of a note; longer ones are `too_large`
  /// Of one place, 1 to `max_memory_limit`; beyond it those remembered longest ago are forgotten.
  /// Also the most that one recall looks at in a place.
  std::size_t max_notes = 5000;
  std::size_t max_renewed = 32;  ///< notes that one recall embeds anew, 0 to `max_embedding_texts`
  double min_similarity = 0.0;   ///< cosine that a note must exceed to be found by meaning
  double rank_constant = usual_rank_constant;
  std::optional<std::chrono::milliseconds> ttl{};  ///< of notes; nothing: the store's
};

/// A value type; copies share the store and the model. Safe from any thread.
class MCP_AGENTS_EXPORT agent_memory {
 public:
  /// Throws `invalid_argument` for an option out of range, `invalid_namespace` for a bad root.
  explicit agent_memory(agent_memory_options options = {});

  // On behalf of a task, for nodes of any kind of state. `done` is called exactly once, on any
  // thread, perhaps before the call returns; it must own what keeps `ctx` alive (the node's reply
  // object), and the caller must leave `ctx` alone until then. Errors come in the result. What
  // embeddings cost is taken from the budget; they are cancelled with the task. The store is asked
  // on a thread for blocking work.

  /// Adds notes, or replaces those with the same key, once the task's step is durable.
  void remember(memory_place place, std::vector<memory_note> notes, context& ctx,
                std::function<void(remember_result)> done) const;
  void recall(recall_query query, context& ctx, std::function<void(recall_result)> done) const;
  void forget(memory_place place, std::string key, context& ctx,
              std::function<void(forget_result)> done) const;

  // For programs: these wait, and throw what went wrong; `no_store` without a store of their own.

  remember_result remember(const memory_place& place, const std::vector<memory_note>& notes) const;
  [[nodiscard]] recall_result recall(const recall_query& query) const;
  bool forget(const memory_place& place, const std::string& key) const;
  /// Newest first; at most `max_memory_limit`.
  [[nodiscard]] std::vector<memory_hit> list(const memory_place& place, std::size_t limit = 100,
                                             std::size_t offset = 0) const;

  [[nodiscard]] const std::shared_ptr<const agent_memory_options>& options() const noexcept {
    return options_;
  }

 private:
  std::shared_ptr<const agent_memory_options> options_;
};

}  // namespace mcp
