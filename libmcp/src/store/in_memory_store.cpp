#include "mcp/checkpoint_store.hpp"
#include "store/claim_list.hpp"
#include "store/in_memory_data.hpp"
#include "store/prune_plan.hpp"
#include "store/write_rules.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace mcp {
namespace {

using store::all_stripes;
using store::mask_of;
using store::stored_run;
using store::stored_thread;
using store::stripe_lock;
using store::stripe_of;

class in_memory_store final : public checkpoint_store {
 public:
  [[nodiscard]] bool blocking() const noexcept override { return false; }

  void write(std::span<const store_write> batch) override {
    store::stripe_mask mask = 0;
    for (const auto& op : batch) mask |= mask_of(op);
    const stripe_lock lock(data_.stripes, mask);
    data_.write(batch);
  }

  bool claim(const std::string& thread_id) override { return claims_.take(thread_id); }
  void release(const std::string& thread_id) noexcept override { claims_.give_back(thread_id); }

  std::optional<run_record> run(const std::string& run_id) override {
    const stripe_lock lock(data_.stripes, mask_of(run_id));
    const auto& runs = data_.stripes[stripe_of(run_id)].runs;
    const auto found = runs.find(run_id);
    if (found == runs.end()) return std::nullopt;
    return found->second.record;
  }

  std::vector<run_record> runs(const run_query& query) override {
    const stripe_lock lock(data_.stripes, all_stripes);
    std::vector<const stored_run*> found;
    const auto consider = [&](const stored_run& one) {
      const auto& statuses = query.statuses;
      if (query.graph && one.record.graph != *query.graph) return;
      if (!statuses.empty() &&
          std::find(statuses.begin(), statuses.end(), one.record.status) == statuses.end()) {
        return;
      }
      if (query.unclaimed && claims_.has(one.record.thread_id)) return;
      found.push_back(&one);
    };
    if (query.thread_id) {
      if (const auto* thread = data_.find_thread(*query.thread_id)) {
        for (const auto& id : thread->runs) consider(data_.stripes[stripe_of(id)].runs.at(id));
      }
    } else {
      for (const auto& part : data_.stripes) {
        for (const auto& [id, one] : part.runs) consider(one);
      }
    }
    std::sort(found.begin(), found.end(),
              [](const auto* a, const auto* b) { return a->sequence < b->sequence; });
    found.resize(std::min({found.size(), query.limit, store::max_run_limit}));
    std::vector<run_record> result;
    result.reserve(found.size());
    for (const auto* one : found) result.push_back(one->record);
    return result;
  }

  std::optional<run_record> last_run(const std::string& thread_id) override {
    const stripe_lock lock(data_.stripes, all_stripes);
    const auto* thread = data_.find_thread(thread_id);
    if (thread == nullptr || thread->runs.empty()) return std::nullopt;
    const auto& id = thread->runs.back();
    return data_.stripes[stripe_of(id)].runs.at(id).record;
  }

  std::optional<std::string> body(const std::string& thread_id, const std::string& ns,
                                  checkpoint_id id) override {
    const stripe_lock lock(data_.stripes, mask_of(thread_id));
    const auto* log = data_.find_log(thread_id, ns);
    return log == nullptr ? std::nullopt : log->body(id);
  }

  std::optional<stored_checkpoint> load(const std::string& thread_id, const std::string& ns,
                                        std::optional<checkpoint_id> id) override {
    const stripe_lock lock(data_.stripes, mask_of(thread_id));
    const auto* log = data_.find_log(thread_id, ns);
    return log == nullptr ? std::nullopt : log->load(ns, id);
  }

  std::vector<checkpoint_info> history(const std::string& thread_id, const std::string& ns,
                                       const history_query& query) override {
    const stripe_lock lock(data_.stripes, mask_of(thread_id));
    const auto* log = data_.find_log(thread_id, ns);
    return log == nullptr ? std::vector<checkpoint_info>{} : log->history(ns, query);
  }

  std::vector<std::string> namespaces(const std::string& thread_id) override {
    const stripe_lock lock(data_.stripes, mask_of(thread_id));
    std::vector<std::string> result;
    const auto* thread = data_.find_thread(thread_id);
    if (thread == nullptr) return result;
    if (!thread->root.empty()) result.emplace_back();
    for (const auto& [ns, log] : thread->nested) result.push_back(ns);
    return result;
  }

  std::vector<thread_info> threads(std::size_t limit) override {
    const stripe_lock lock(data_.stripes, all_stripes);
    std::vector<thread_info> result;
    for (const auto& part : data_.stripes) {
      for (const auto& [id, one] : part.threads) {
        result.push_back({id, one.created, one.updated, one.expires});
      }
    }
    std::sort(result.begin(), result.end(), [](const thread_info& a, const thread_info& b) {
      return std::tie(a.updated, a.thread_id) < std::tie(b.updated, b.thread_id);
    });
    if (result.size() > limit) result.resize(limit);
    return result;
  }

  void copy_thread(const std::string& source, const std::string& target) override {
    const stripe_lock lock(data_.stripes, mask_of(source) | mask_of(target));
    const auto* from = data_.find_thread(source);
    if (from == nullptr) store::refuse_thread(source);
    if (data_.find_thread(target) != nullptr) store::refuse_target(target);
    stored_thread copy = *from;
    copy.expires.reset();
    copy.runs.clear();
    data_.stripes[stripe_of(target)].threads.emplace(target, std::move(copy));
  }

  prune_report prune(const std::string& thread_id, std::size_t keep) override;
  bool delete_thread(const std::string& thread_id) override {
    const stripe_lock lock(data_.stripes, all_stripes);
    return data_.erase(thread_id);
  }

  void expire_thread(const std::string& thread_id, std::optional<store_time> expires) override {
    const stripe_lock lock(data_.stripes, mask_of(thread_id));
    auto* thread = data_.find_thread(thread_id);
    if (thread == nullptr) store::refuse_thread(thread_id);
    thread->expires = expires;
  }

  std::vector<std::string> sweep(const sweep_query& query) override {
    std::vector<std::string> found;
    {
      const stripe_lock lock(data_.stripes, all_stripes);
      for (const auto& part : data_.stripes) {
        for (const auto& [id, one] : part.threads) {
          if (found.size() == query.limit) break;
          if (is_over(one, query)) found.push_back(id);
        }
      }
    }
    return store::remove_unclaimed(*this, std::move(found), [&](const std::string& id) {
      const stripe_lock lock(data_.stripes, all_stripes);
      const auto* thread = data_.find_thread(id);
      return thread != nullptr && is_over(*thread, query) && data_.erase(id);
    });
  }

 private:
  /// As `checkpoint_store::sweep` says.
  bool is_over(const stored_thread& thread, const sweep_query& query) const {
    const bool own_time = thread.expires.has_value();
    const bool in_time = own_time ? *thread.expires > query.now
                                  : !query.graph || !query.idle_since || thread.runs.empty() ||
                                        thread.updated > *query.idle_since;
    if (in_time) return false;
    return std::none_of(thread.runs.begin(), thread.runs.end(), [&](const std::string& id) {
      const auto& run = data_.stripes[stripe_of(id)].runs.at(id).record;
      if (store::unfinished(run.status)) return true;
      return !own_time && (run.graph != *query.graph || run.updated > *query.idle_since);
    });
  }

  store::in_memory_data data_;
  store::claim_list claims_;
};

prune_report in_memory_store::prune(const std::string& thread_id, std::size_t keep) {
  if (keep == 0) store::refuse_keep();
  const stripe_lock lock(data_.stripes, mask_of(thread_id));
  prune_report report;
  auto* thread = data_.find_thread(thread_id);
  if (thread == nullptr) return report;
  std::vector<store::prune_namespace> spaces;
  std::vector<store::in_memory_log*> logs;
  const auto add = [&](const std::string& ns, store::in_memory_log& log) {
    spaces.push_back({ns, log.nodes()});
    logs.push_back(&log);
  };
  add({}, thread->root);
  for (auto& [ns, log] : thread->nested) add(ns, log);
  const auto plans = store::plan_prune(std::move(spaces), keep);
  std::vector<std::vector<std::string>> snapshots;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    snapshots.push_back(logs[i]->snapshots_for(plans[i]));  // may throw: before any change
  }
  for (std::size_t i = 0; i < plans.size(); ++i) {
    logs[i]->apply(plans[i], std::move(snapshots[i]), report);
  }
  std::erase_if(thread->nested, [](const auto& entry) { return entry.second.empty(); });
  return report;
}

}  // namespace

std::shared_ptr<checkpoint_store> in_memory_checkpoint_store() {
  return std::make_shared<in_memory_store>();
}

}  // namespace mcp
