// What a file says of windows, summaries, notes and embeddings.
#include "cluster_file/read_parts.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

constexpr std::int64_t most_tokens = 1'000'000'000;
constexpr std::int64_t most_turns = 1'000'000;

window_description read_window(map_reader& keys, std::string_view key, const reading& with) {
  window_description result;
  const auto* node = keys.map(key);
  if (node == nullptr) return result;
  map_reader inner{*node, "`" + std::string{key} + "`", with.problems};
  result.tokens = inner.integer("tokens", 1, most_tokens).value_or(0);
  result.turns = static_cast<std::size_t>(inner.integer("turns", 1, most_turns).value_or(0));
  for (auto& one : inner.names("pinned")) result.pinned.push_back(std::move(one.name));
  const bool pins_only = inner.has("pinned") && node->entries.size() == 1;
  if (node->entries.empty() || pins_only) {
    keys.wrong(key, "limits nothing", "write {turns: N}, {tokens: N}, or both");
  }
  return result;
}

const std::vector<std::string>& scope_words() {
  static const std::vector<std::string> words{"user", "thread", "agent"};
  return words;
}

std::optional<memory_scope> scope_of(const std::string& word, file_position at,
                                     const reading& with) {
  const auto& words = scope_words();
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<memory_scope>(found - words.begin());
  with.problems.error(at, "the scope \"" + word + "\" is not known" + nearest(word, words),
                      "known are: user, thread, agent");
  return std::nullopt;
}

std::optional<scope_description> read_scope(const yaml_node& node, const reading& with) {
  if (node.is(yaml_node::kind::scalar)) {
    const auto scope = scope_of(node.text, node.at, with);
    if (!scope) return std::nullopt;
    if (*scope == memory_scope::user) {
      with.problems.error(node.at, "the scope does not say which user",
                          "write {user: TEXT}, such as {user: \"{{ state.user }}\"}");
    }
    return scope_description{*scope, {}};
  }
  if (!node.is(yaml_node::kind::map) || node.entries.size() != 1) {
    with.problems.error(node.at, "a scope is no single word or pair",
                        "write {user: TEXT}, thread, agent, or {agent: TEXT}");
    return std::nullopt;
  }
  const auto& entry = node.entries.front();
  const auto scope = scope_of(entry.key, entry.at, with);
  if (!scope) return std::nullopt;
  scope_description result{*scope, with.words(entry.value)};
  if (result.id.empty()) {
    with.problems.error(entry.value.at, "the scope names nobody", "write a text or a template");
  }
  return result;
}

std::vector<scope_description> read_scopes(map_reader& keys, const reading& with,
                                           const node_description& of, std::size_t most) {
  std::vector<scope_description> result;
  const auto* node = keys.any("scope");
  if (node == nullptr) {
    with.problems.error(of.at, "the node \"" + of.name + "\" does not say whose memory it uses",
                        "add `scope: {user: TEXT}`, `scope: thread` or `scope: agent`");
    return result;
  }
  const auto add = [&](const yaml_node& one) {
    if (auto scope = read_scope(one, with)) result.push_back(std::move(*scope));
  };
  if (most == 1 || !node->is(yaml_node::kind::list)) {
    add(*node);
    return result;
  }
  if (node->items.empty() || node->items.size() > most) {
    keys.wrong("scope", "lists " + std::to_string(node->items.size()),
               "write 1 to " + std::to_string(most));
  }
  for (const auto& one : node->items) add(one);
  return result;
}

void need_into(map_reader& keys, const reading& with, const node_description& of, placed_name& into,
               const char* what) {
  if (auto name = keys.name("into")) {
    into = std::move(*name);
  } else if (!keys.has("into")) {
    with.problems.error(of.at, "the node \"" + of.name + "\" has no `into`",
                        std::string{"name the field "} + what);
  }
}

}  // namespace

window_limit window_description::limit() const {
  window_limit result{.max_tokens = tokens, .max_turns = turns};
  if (!pinned.empty()) {
    result.pinned = [names = pinned](const message& said) {
      return std::find(names.begin(), names.end(), said.name) != names.end();
    };
  }
  return result;
}

void read_prompt_memory(map_reader& keys, const reading& with, model_node_description& to) {
  to.window = read_window(keys, "window", with);
  const auto* node = keys.map("knows");
  if (node == nullptr) return;
  map_reader inner{*node, "`knows`", with.problems};
  to.knows.summary = inner.name("summary");
  to.knows.facts = inner.name("facts");
  to.knows.recalled = inner.name("recalled");
}

void read_summary_node(map_reader& keys, const reading& with, node_description& to) {
  auto& node = to.what.emplace<summary_node_description>();
  if (auto model = keys.name("summarize")) node.model = std::move(*model);
  node.messages = keys.name("messages");
  need_into(keys, with, to, node.into, "of the summary, a string");
  const summary_options usual;
  node.limit = read_window(keys, "limit", with);
  node.keep = read_window(keys, "keep", with);
  if (!keys.has("limit")) node.limit.tokens = usual.limit.max_tokens;
  if (!keys.has("keep")) {  // half of the limit
    node.keep = {node.limit.tokens / 2, node.limit.turns / 2, node.limit.pinned};
  }
  const auto smaller = [](auto kept, auto most) { return kept > 0 && (most == 0 || kept < most); };
  if (!smaller(node.keep.tokens, node.limit.tokens) &&
      !smaller(node.keep.turns, node.limit.turns)) {
    with.problems.error(keys.has("keep") ? keys.at("keep") : keys.at("limit"),
                        "what the summary leaves alone is not smaller than its limit",
                        "write `keep: {tokens: N}` or {turns: N} below that of `limit`");
    node.limit.tokens = usual.limit.max_tokens;  // said once
    node.keep.tokens = usual.keep.max_tokens;
  }
  node.instruction = keys.text_or("instruction", {});
  node.max_tokens = keys.integer("max_tokens", 1, most_tokens);
  node.max_question_tokens = keys.integer("max_question_tokens", 1, most_tokens);
  if (const auto what = keys.word("on_failure", {"keep", "fail"})) {
    node.on_failure = static_cast<summary_failure>(*what);
  }
}

void read_remember_node(map_reader& keys, const reading& with, node_description& to) {
  auto& node = to.what.emplace<remember_node_description>();
  const auto* what = keys.any("remember");
  if (what->is(yaml_node::kind::map)) {
    map_reader inner{*what, "`remember`", with.problems};
    const auto* lua = inner.any("lua");
    if (lua == nullptr) {
      keys.wrong("remember", "has no `lua`", "write a template, or {lua: \"return ...\"}");
    } else {
      node.lua = with.script(*lua);
      if (node.lua && node.lua->uses_memory()) {
        with.problems.error(lua->at, "what a node remembers has no `memory`",
                            "use `state`, or a node with `lua`");
      }
    }
  } else {
    node.text = with.words(*what);
  }
  auto scopes = read_scopes(keys, with, to, 1);
  if (!scopes.empty()) node.scope = std::move(scopes.front());
  node.kind = keys.text_or("kind", memory_note{}.kind);
  if (const auto* key = keys.any("key")) {
    node.key = with.words(*key);
    if (node.lua) keys.wrong("key", "stands beside `lua`", "have the script say `key` of each");
  }
  node.metadata = read_expressions(keys, "metadata", with);
}

void read_recall_node(map_reader& keys, const reading& with, node_description& to) {
  auto& node = to.what.emplace<recall_node_description>();
  node.question = with.words(*keys.any("recall"));
  node.scopes = read_scopes(keys, with, to, max_recall_places);
  need_into(keys, with, to, node.into, "for what is found, a list");
  if (const auto most = keys.integer("limit", 1, max_recalled_notes)) {
    node.limit = static_cast<std::size_t>(*most);
  }
  node.kind = keys.text_or("kind", {});
  node.metadata = read_expressions(keys, "metadata", with);
}

std::optional<embeddings_description> read_embeddings(map_reader& keys, const reading& with) {
  const auto* node = keys.map("embeddings");
  if (node == nullptr) return std::nullopt;
  embeddings_description result;
  result.served.name = "embeddings";
  result.served.at = node->at;
  map_reader inner{*node, "`embeddings`", with.problems};
  const auto provider = inner.word("provider", {"openai", "hashing"});
  if (!inner.has("provider")) {
    with.problems.error(node->at, "`embeddings` has no `provider`", "write openai or hashing");
  }
  result.hashing = provider != std::size_t{0};
  if (const auto size = inner.integer("dimensions", 1, max_embedding_dimensions)) {
    result.dimensions = static_cast<std::size_t>(*size);
  }
  result.required = inner.boolean("required").value_or(false);
  if (provider == std::size_t{1}) return result;
  if (provider) result.served.provider = model_provider::openai;
  read_served(inner, with, result.served);
  return result;
}

}  // namespace mcp::cluster
