#include "store/memory_rules.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace mcp {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

struct stored_item {
  memory_item item{};
  json value{};
  std::optional<milliseconds> ttl{};
  std::unordered_map<std::string, std::size_t> words{};  ///< how often; empty when not indexed
  std::size_t length = 0;                                ///< words, with repetitions

  [[nodiscard]] bool over(store_time now) const { return item.expires && *item.expires <= now; }
};

/// How well items fit the words of a query (Okapi BM25 with the usual constants).
class ranking {
 public:
  explicit ranking(std::vector<std::string> words) : words_(std::move(words)) {
    // A word that is asked for twice is still in each item once.
    std::sort(words_.begin(), words_.end());
    words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
  }

  /// First every item of the collection, then `score`.
  void count(const stored_item& one) {
    if (one.words.empty()) return;
    ++items_;
    total_ += one.length;
    for (const auto& word : words_) {
      if (one.words.contains(word)) ++having_[word];
    }
  }

  [[nodiscard]] double score(const stored_item& one) const {
    constexpr double saturation = 1.2;
    constexpr double length_weight = 0.75;
    double result = 0;
    for (const auto& word : words_) {
      const auto found = one.words.find(word);
      if (found == one.words.end()) continue;
      const auto having = static_cast<double>(having_.at(word));
      const auto items = static_cast<double>(items_);
      const double rarity = std::log(1 + (items - having + 0.5) / (having + 0.5));
      const auto times = static_cast<double>(found->second);
      const double relative = static_cast<double>(one.length) * items / static_cast<double>(total_);
      const double norm = saturation * (1 - length_weight + length_weight * relative);
      result += rarity * times * (saturation + 1) / (times + norm);
    }
    return result;
  }

 private:
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::size_t> having_;
  std::size_t items_ = 0;
  std::size_t total_ = 0;
};

bool below(const memory_namespace& ns, const memory_namespace& prefix) {
  return ns.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), ns.begin());
}

class in_memory_memory final : public memory_store {
 public:
  explicit in_memory_memory(memory_options options) : options_(std::move(options)) {}

  [[nodiscard]] bool blocking() const noexcept override { return false; }

  void put(const memory_namespace& ns, const std::string& key, const std::string& value,
           const memory_put_options& put) override {
    store::check_memory_namespace(ns, false);
    store::check_memory_key(key);
    stored_item one;
    one.ttl = store::memory_ttl(options_, put);
    one.value = store::parse_memory_value(value, options_.max_value_bytes);
    if (put.index) {
      const auto text = store::searchable_text(one.value);
      for (auto& word : store::words_of(text, text.size())) {
        ++one.words[std::move(word)];
        ++one.length;
      }
    }
    const auto now = store::memory_now(options_);
    one.item = {ns, key, value, now, now, std::nullopt, std::nullopt};
    if (one.ttl) one.item.expires = store::expiry(now, *one.ttl);
    const std::lock_guard lock(mutex_);
    auto& slot = items_[{ns, key}];
    const bool replaced = !slot.item.key.empty() && !slot.over(now);
    if (replaced) one.item.created = slot.item.created;
    slot = std::move(one);
  }

  std::optional<memory_item> get(const memory_namespace& ns, const std::string& key,
                                 bool refresh) override {
    store::check_memory_namespace(ns, false);
    const auto now = store::memory_now(options_);
    const std::lock_guard lock(mutex_);
    const auto found = items_.find({ns, key});
    if (found == items_.end() || found->second.over(now)) return std::nullopt;
    return read(found->second, refresh, now);
  }

  bool remove(const memory_namespace& ns, const std::string& key) override {
    store::check_memory_namespace(ns, false);
    const auto now = store::memory_now(options_);
    const std::lock_guard lock(mutex_);
    const auto found = items_.find({ns, key});
    if (found == items_.end()) return false;
    const bool there = !found->second.over(now);
    items_.erase(found);
    return there;
  }

  std::vector<memory_item> search(const memory_query& query) override {
    store::check_memory_namespace(query.prefix, true);
    const store::memory_filters filters(query.filters);
    const bool by_text = !query.text.empty();
    ranking ranks(store::words_of(query.text, max_memory_query_words));
    const auto now = store::memory_now(options_);
    const std::lock_guard lock(mutex_);
    if (by_text) {
      for (const auto& [place, one] : items_) ranks.count(one);
    }
    std::vector<std::pair<double, stored_item*>> found;
    for (auto at = items_.lower_bound({query.prefix, {}}); at != items_.end(); ++at) {
      auto& one = at->second;
      if (!below(one.item.ns, query.prefix)) break;
      if (one.over(now) || !filters.match(one.value)) continue;
      const double score = by_text ? ranks.score(one) : 0;
      if (!by_text || score > 0) found.emplace_back(score, &one);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::tie(b.first, b.second->item.updated) < std::tie(a.first, a.second->item.updated);
    });
    std::vector<memory_item> result;
    const auto limit = std::min(query.limit, max_memory_limit);
    for (auto i = query.offset; i < found.size() && result.size() < limit; ++i) {
      result.push_back(read(*found[i].second, query.refresh, now));
      if (by_text) result.back().score = found[i].first;
    }
    return result;
  }

  std::vector<memory_namespace> list_namespaces(const memory_namespace_query& query) override {
    const auto now = store::memory_now(options_);
    std::vector<memory_namespace> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [place, one] : items_) {
        if (!one.over(now) && (all.empty() || all.back() != one.item.ns)) {
          all.push_back(one.item.ns);
        }
      }
    }
    return store::select_namespaces(std::move(all), query);
  }

  std::size_t sweep(store_time now, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::size_t removed = 0;
    for (auto one = items_.begin(); one != items_.end() && removed < limit;) {
      const bool over = one->second.over(now);
      removed += over ? 1U : 0U;
      one = over ? items_.erase(one) : std::next(one);
    }
    return removed;
  }

 private:
  [[nodiscard]] memory_item read(stored_item& one, bool refresh, store_time now) const {
    if (refresh && options_.refresh_on_read && one.ttl) {
      one.item.expires = store::expiry(now, *one.ttl);
    }
    return one.item;
  }

  memory_options options_;
  std::mutex mutex_;
  std::map<std::pair<memory_namespace, std::string>, stored_item> items_;
};

}  // namespace

memory_store::~memory_store() = default;

std::shared_ptr<memory_store> in_memory_memory_store(memory_options options) {
  return std::make_shared<in_memory_memory>(std::move(options));
}

}  // namespace mcp
