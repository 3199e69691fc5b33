#include "mcp/agents/embedded_store.hpp"

#include "memory/note_rules.hpp"
#include "memory/task_embeddings.hpp"
#include "memory/vector_math.hpp"
#include "tools/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp {
namespace {

using memories::task_embeddings;

constexpr std::size_t longest_asked = 4 * 1024;  // bytes of a question that are embedded

memory_namespace vectors_beside(memory_namespace ns) {
  if (!ns.empty()) ns.front() += "-vectors";
  return ns;
}

void collect(const nlohmann::json& value, std::string& text) {
  if (value.is_string()) {
    if (!text.empty()) text += ' ';
    text += value.get_ref<const std::string&>();
  } else if (value.is_structured()) {
    for (const auto& one : value) collect(one, text);
  }
}

/// What of an item is embedded: the texts of its value. Empty: it has none.
std::string text_in(const std::string& value, std::size_t limit) {
  const auto parsed = nlohmann::json::parse(value, nullptr, false);
  std::string text;
  if (!parsed.is_discarded()) collect(parsed, text);
  text.resize(tools::cut_text(text, limit).size());
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return {};
  return text;
}

/// What a search with a text has found so far.
struct ranked_items {
  std::vector<memory_item> items{};
  std::map<std::pair<memory_namespace, std::string>, std::size_t> known{};
  std::vector<std::size_t> by_text{};
  std::vector<std::pair<double, std::size_t>> by_meaning{};
  std::vector<std::size_t> without{};

  std::size_t add(memory_item item) {
    const auto [at, is_new] = known.try_emplace({item.ns, item.key}, items.size());
    if (is_new) items.push_back(std::move(item));
    return at->second;
  }
};

class fused_store final : public memory_store {
 public:
  fused_store(memory_store& store, std::shared_ptr<const agent_memory_options> options,
              context& ctx, const std::function<void(std::function<void()>)>& on_cancel)
      : store_(store), options_(std::move(options)), embeddings_(options_, ctx) {
    memories::check_options(*options_);
    if (on_cancel && options_->embeddings) on_cancel(embeddings_.stop());
  }

  [[nodiscard]] bool blocking() const noexcept override { return true; }

  void put(const memory_namespace& ns, const std::string& key, const std::string& value,
           const memory_put_options& how) override {
    // The item first: a crash between the two leaves an item without a vector, never the reverse.
    store_.put(ns, key, value, how);
    if (!options_->embeddings || !how.index) return;
    auto text = text_in(value, options_->max_text_bytes);
    if (text.empty()) return;
    const auto vectors = embeddings_.embed({std::move(text)});
    if (!vectors.empty()) put_vector(ns, key, value, vectors.front(), how.ttl);
  }

  [[nodiscard]] std::optional<memory_item> get(const memory_namespace& ns, const std::string& key,
                                               bool refresh) override {
    return store_.get(ns, key, refresh);
  }

  bool remove(const memory_namespace& ns, const std::string& key) override {
    if (options_->embeddings) store_.remove(vectors_beside(ns), key);
    return store_.remove(ns, key);
  }

  [[nodiscard]] std::vector<memory_item> search(const memory_query& query) override {
    auto asked = asked_vector(query);
    if (asked.empty()) return store_.search(query);
    ranked_items found;
    compare(query, asked, found);
    renew(asked, found);
    rank_texts(query, found);
    return best(query, found);
  }

  [[nodiscard]] std::vector<memory_namespace> list_namespaces(
      const memory_namespace_query& query) override {
    return store_.list_namespaces(query);
  }
  std::size_t sweep(store_time now, std::size_t limit) override {
    return store_.sweep(now, limit);
  }

 private:
  void put_vector(const memory_namespace& ns, const std::string& key, const std::string& value,
                  const std::vector<float>& vector, std::optional<std::chrono::milliseconds> ttl) {
    store_.put(vectors_beside(ns), key,
               memories::vector_record(options_->embeddings->name(), value, vector),
               {.ttl = ttl, .index = false});
  }

  /// Empty: the text search has to do alone.
  std::vector<float> asked_vector(const memory_query& query) {
    if (!options_->embeddings || query.prefix.empty()) return {};
    std::string text{tools::cut_text(query.text, longest_asked)};
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return {};
    auto vectors = embeddings_.embed({std::move(text)});
    if (vectors.empty()) return {};
    memories::normalize(vectors.front());
    return std::move(vectors.front());
  }

  void compare(const memory_query& query, const std::vector<float>& asked, ranked_items& found) {
    auto items = store_.search({.prefix = query.prefix,
                                .filters = query.filters,
                                .limit = options_->max_notes,
                                .refresh = false});
    std::map<std::pair<memory_namespace, std::string>, std::string> records;
    for (auto& record : store_.search({.prefix = vectors_beside(query.prefix),
                        .limit = options_->max_notes,
                        .refresh = false})) {
      records.emplace(std::pair{std::move(record.ns), std::move(record.key)},
                      std::move(record.value));
    }
    for (auto& item : items) {
      const auto record = records.find({vectors_beside(item.ns), item.key});
      const auto vector = record == records.end()
                              ? std::nullopt
                              : memories::vector_of(record->second, options_->embeddings->name(),
                                                    item.value, asked.size());
      const auto index = found.add(std::move(item));
      if (vector) {
        found.by_meaning.emplace_back(memories::dot(*vector, asked), index);
      } else {
        found.without.push_back(index);
      }
    }
  }

  /// Embeds some of the items that have no vector, and counts them in.
  void renew(const std::vector<float>& asked, ranked_items& found) {
    std::vector<std::string> texts;
    std::vector<std::size_t> whose;
    for (const auto index : found.without) {
      if (texts.size() == options_->max_renewed) break;
      auto text = text_in(found.items[index].value, options_->max_text_bytes);
      if (text.empty()) continue;
      texts.push_back(std::move(text));
      whose.push_back(index);
    }
    auto vectors = embeddings_.embed(std::move(texts));
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      const auto& item = found.items[whose[i]];
      std::optional<std::chrono::milliseconds> ttl;
      if (item.expires && *item.expires > item.updated) ttl = *item.expires - item.updated;
      put_vector(item.ns, item.key, item.value, vectors[i], ttl);
      if (vectors[i].size() != asked.size()) continue;
      memories::normalize(vectors[i]);
      found.by_meaning.emplace_back(memories::dot(vectors[i], asked), whose[i]);
    }
  }

  void rank_texts(const memory_query& query, ranked_items& found) {
    auto by_text = query;
    by_text.limit = memories::rank_depth(query.limit + query.offset);
    by_text.offset = 0;
    by_text.refresh = false;
    for (auto& item : store_.search(by_text)) found.by_text.push_back(found.add(std::move(item)));
  }

  std::vector<memory_item> best(const memory_query& query, ranked_items& found) {
    const auto wanted = query.limit + query.offset;
    const std::array<std::vector<std::size_t>, 2> rankings{
        std::move(found.by_text),
        memories::nearest_first(std::move(found.by_meaning), options_->min_similarity,
                                memories::rank_depth(wanted))};
    std::vector<memory_item> result;
    std::size_t passed = 0;
    for (const auto& [index, score] :
         reciprocal_rank_fusion(rankings, wanted, options_->rank_constant)) {
      if (passed++ < query.offset) continue;
      auto& item = found.items[index];
      item.score = score;
      if (query.refresh && item.expires) {
        static_cast<void>(store_.get(item.ns, item.key, true));
        static_cast<void>(store_.get(vectors_beside(item.ns), item.key, true));
      }
      result.push_back(std::move(item));
    }
    return result;
  }

  memory_store& store_;
  const std::shared_ptr<const agent_memory_options> options_;
  task_embeddings embeddings_;
};

}  // namespace

std::unique_ptr<memory_store> embedded_store(
    memory_store& store, std::shared_ptr<const agent_memory_options> options, context& ctx,
    const std::function<void(std::function<void()>)>& on_cancel) {
  return std::make_unique<fused_store>(store, std::move(options), ctx, on_cancel);
}

}  // namespace mcp
