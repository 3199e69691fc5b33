#include "mcp/checkpoint_store.hpp"
#include "store/in_memory_log.hpp"
#include "store/prune_plan.hpp"
#include "store/write_rules.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mcp {
namespace {

/// Threads and runs are spread over this many independently locked parts.
constexpr std::size_t stripe_count = 16;
using stripe_mask = std::uint32_t;
constexpr stripe_mask all_stripes = (stripe_mask{1} << stripe_count) - 1;

struct stored_thread {
  store_time created{};
  store_time updated{};
  std::optional<store_time> expires{};
  store::in_memory_log root{};
  std::map<std::string, store::in_memory_log> nested{};  ///< every namespace but ""
  std::vector<std::string> runs{};

  [[nodiscard]] store::in_memory_log& log(const std::string& ns) {
    return ns.empty() ? root : nested[ns];
  }
  [[nodiscard]] store::in_memory_log* find(const std::string& ns) {
    if (ns.empty()) return &root;
    const auto found = nested.find(ns);
    return found == nested.end() ? nullptr : &found->second;
  }
  void touch(store_time at) { updated = std::max(updated, at); }
};

struct stored_run {
  run_record record{};
  std::uint64_t sequence = 0;  ///< order of acceptance
};

struct alignas(64) stripe {
  std::mutex mutex{};
  std::unordered_map<std::string, stored_thread> threads{};
  std::unordered_map<std::string, stored_run> runs{};
};

using stripe_array = std::array<stripe, stripe_count>;

std::size_t stripe_of(const std::string& name) noexcept {
  return std::hash<std::string>{}(name) % stripe_count;
}

stripe_mask mask_of(const std::string& name) noexcept {
  return stripe_mask{1} << stripe_of(name);
}

stripe_mask mask_of(const store_write& op) noexcept {
  if (const auto* checkpoint = std::get_if<put_checkpoint>(&op)) {
    return mask_of(checkpoint->thread_id);
  }
  if (const auto* journal = std::get_if<put_journal>(&op)) return mask_of(journal->thread_id);
  if (const auto* put = std::get_if<put_run>(&op)) {
    return mask_of(put->run.thread_id) | mask_of(put->run.run_id);
  }
  return mask_of(std::get<set_run_status>(op).run_id);
}

/// Holds the stripes of a mask, always taken in the same order.
class stripe_lock {
 public:
  stripe_lock(stripe_array& stripes, stripe_mask mask) : stripes_(stripes), mask_(mask) {
    for (auto left = mask_; left != 0; left &= left - 1) at(left).lock();
  }
  ~stripe_lock() {
    for (auto left = mask_; left != 0; left &= left - 1) at(left).unlock();
  }
  stripe_lock(const stripe_lock&) = delete;
  stripe_lock& operator=(const stripe_lock&) = delete;

 private:
  std::mutex& at(stripe_mask mask) {
    return stripes_[static_cast<std::size_t>(std::countr_zero(mask))].mutex;
  }

  stripe_array& stripes_;
  stripe_mask mask_;
};

/// What an operation of a batch changed, so that a later one that fails can take it back.
struct undo_step {
  const store_write* op = nullptr;
  bool new_thread = false;
  bool new_item = false;  ///< namespace or run
  store_time thread_updated{};
  std::optional<std::string> body{};     ///< journal: what was replaced
  std::unique_ptr<run_record> record{};  ///< run: as it was
};

class in_memory_store final : public checkpoint_store {
 public:
  [[nodiscard]] bool blocking() const noexcept override { return false; }

  void write(std::span<const store_write> batch) override {
    stripe_mask mask = 0;
    for (const auto& op : batch) mask |= mask_of(op);
    const stripe_lock lock(stripes_, mask);
    if (batch.size() == 1) {
      undo_step ignored;  // a single operation fails before it changes anything
      apply(batch.front(), ignored);
      return;
    }
    std::vector<undo_step> done;
    done.reserve(batch.size());
    try {
      for (const auto& op : batch) {
        undo_step step;
        step.op = &op;
        apply(op, step);
        done.push_back(std::move(step));
      }
    } catch (...) {
      for (auto step = done.rbegin(); step != done.rend(); ++step) undo(*step);
      throw;
    }
  }

  bool claim(const std::string& run_id) override {
    const std::lock_guard lock(claims_mutex_);
    return claims_.insert(run_id).second;
  }

  void release(const std::string& run_id) noexcept override {
    const std::lock_guard lock(claims_mutex_);
    claims_.erase(run_id);
  }

  std::optional<run_record> run(const std::string& run_id) override {
    const stripe_lock lock(stripes_, mask_of(run_id));
    const auto& runs = stripes_[stripe_of(run_id)].runs;
    const auto found = runs.find(run_id);
    if (found == runs.end()) return std::nullopt;
    return found->second.record;
  }

  std::vector<run_record> runs(const run_query& query) override {
    const stripe_lock lock(stripes_, all_stripes);
    std::vector<const stored_run*> found;
    const auto consider = [&](const stored_run& one) {
      const auto& statuses = query.statuses;
      if (query.graph && one.record.graph != *query.graph) return;
      if (!statuses.empty() &&
          std::find(statuses.begin(), statuses.end(), one.record.status) == statuses.end()) {
        return;
      }
      found.push_back(&one);
    };
    if (query.thread_id) {
      if (const auto* thread = find_thread(*query.thread_id)) {
        for (const auto& id : thread->runs) consider(stripes_[stripe_of(id)].runs.at(id));
      }
    } else {
      for (const auto& part : stripes_) {
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

  std::optional<stored_checkpoint> load(const std::string& thread_id, const std::string& ns,
                                        std::optional<checkpoint_id> id) override {
    const stripe_lock lock(stripes_, mask_of(thread_id));
    const auto* log = find_log(thread_id, ns);
    return log == nullptr ? std::nullopt : log->load(ns, id);
  }

  std::vector<checkpoint_info> history(const std::string& thread_id, const std::string& ns,
                                       const history_query& query) override {
    const stripe_lock lock(stripes_, mask_of(thread_id));
    const auto* log = find_log(thread_id, ns);
    return log == nullptr ? std::vector<checkpoint_info>{} : log->history(ns, query);
  }

  std::vector<std::string> namespaces(const std::string& thread_id) override {
    const stripe_lock lock(stripes_, mask_of(thread_id));
    std::vector<std::string> result;
    const auto* thread = find_thread(thread_id);
    if (thread == nullptr) return result;
    if (!thread->root.empty()) result.emplace_back();
    for (const auto& [ns, log] : thread->nested) result.push_back(ns);
    return result;
  }

  std::vector<thread_info> threads(std::size_t limit) override {
    const stripe_lock lock(stripes_, all_stripes);
    std::vector<thread_info> result;
    for (const auto& part : stripes_) {
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
    const stripe_lock lock(stripes_, mask_of(source) | mask_of(target));
    const auto* from = find_thread(source);
    if (from == nullptr) store::refuse_thread(source);
    if (find_thread(target) != nullptr) store::refuse_target(target);
    stored_thread copy = *from;
    copy.expires.reset();
    copy.runs.clear();
    stripes_[stripe_of(target)].threads.emplace(target, std::move(copy));
  }

  prune_report prune(const std::string& thread_id, std::size_t keep) override;
  bool delete_thread(const std::string& thread_id) override {
    const stripe_lock lock(stripes_, all_stripes);
    return erase(thread_id);
  }

  void expire_thread(const std::string& thread_id, std::optional<store_time> expires) override {
    const stripe_lock lock(stripes_, mask_of(thread_id));
    auto* thread = find_thread(thread_id);
    if (thread == nullptr) store::refuse_thread(thread_id);
    thread->expires = expires;
  }

  std::size_t sweep(store_time now) override {
    const stripe_lock lock(stripes_, all_stripes);
    std::vector<std::string> over;
    for (const auto& part : stripes_) {
      for (const auto& [id, one] : part.threads) {
        if (one.expires && *one.expires <= now && !busy(one)) over.push_back(id);
      }
    }
    for (const auto& id : over) erase(id);
    return over.size();
  }

 private:
  stored_thread* find_thread(const std::string& thread_id) {
    auto& threads = stripes_[stripe_of(thread_id)].threads;
    const auto found = threads.find(thread_id);
    return found == threads.end() ? nullptr : &found->second;
  }

  store::in_memory_log* find_log(const std::string& thread_id, const std::string& ns) {
    auto* thread = find_thread(thread_id);
    return thread == nullptr ? nullptr : thread->find(ns);
  }

  bool busy(const stored_thread& thread) const {
    return std::any_of(thread.runs.begin(), thread.runs.end(), [&](const std::string& id) {
      return store::unfinished(stripes_[stripe_of(id)].runs.at(id).record.status);
    });
  }

  bool erase(const std::string& thread_id) {
    const auto* thread = find_thread(thread_id);
    if (thread == nullptr) return false;
    for (const auto& id : thread->runs) stripes_[stripe_of(id)].runs.erase(id);
    stripes_[stripe_of(thread_id)].threads.erase(thread_id);
    return true;
  }

  void apply(const store_write& op, undo_step& step) {
    std::visit([&](const auto& one) { apply_one(one, step); }, op);
  }
  void apply_one(const put_checkpoint& op, undo_step& step);
  void apply_one(const put_journal& op, undo_step& step);
  void apply_one(const put_run& op, undo_step& step);
  void apply_one(const set_run_status& op, undo_step& step);

  void undo(undo_step& step) {
    std::visit([&](const auto& one) { undo_one(one, step); }, *step.op);
  }
  void undo_one(const put_checkpoint& op, undo_step& step);
  void undo_one(const put_journal& op, undo_step& step);
  void undo_one(const put_run& op, undo_step& step);
  void undo_one(const set_run_status& op, undo_step& step);

  stripe_array stripes_;
  std::atomic<std::uint64_t> sequence_{0};
  std::mutex claims_mutex_;
  std::unordered_set<std::string> claims_;
};

void in_memory_store::apply_one(const put_checkpoint& op, undo_step& step) {
  auto& threads = stripes_[stripe_of(op.thread_id)].threads;
  const auto [entry, fresh] = threads.try_emplace(op.thread_id);
  auto& thread = entry->second;
  const bool nested = !op.info.ns.empty();
  const bool fresh_log = nested && thread.find(op.info.ns) == nullptr;
  try {
    thread.log(op.info.ns).put(op);
  } catch (...) {
    if (fresh_log) thread.nested.erase(op.info.ns);
    if (fresh) threads.erase(entry);
    throw;
  }
  step.new_thread = fresh;
  step.new_item = fresh_log;
  step.thread_updated = thread.updated;
  if (fresh) thread.created = thread.updated = op.info.created;
  thread.touch(op.info.created);
}

void in_memory_store::undo_one(const put_checkpoint& op, undo_step& step) {
  auto& thread = *find_thread(op.thread_id);
  thread.log(op.info.ns).pop();
  thread.updated = step.thread_updated;
  if (step.new_item) thread.nested.erase(op.info.ns);
  if (step.new_thread) stripes_[stripe_of(op.thread_id)].threads.erase(op.thread_id);
}

void in_memory_store::apply_one(const put_journal& op, undo_step& step) {
  auto* log = find_log(op.thread_id, op.ns);
  if (log == nullptr) store::refuse_journal(op);
  step.body = log->put(op);
}

void in_memory_store::undo_one(const put_journal& op, undo_step& step) {
  find_log(op.thread_id, op.ns)->undo(op, std::move(step.body));
}

void in_memory_store::apply_one(const put_run& op, undo_step& step) {
  const auto& run = op.run;
  auto& runs = stripes_[stripe_of(run.run_id)].runs;
  const auto [entry, fresh_run] = runs.try_emplace(run.run_id);
  if (!fresh_run && entry->second.record.thread_id != run.thread_id) {
    store::refuse_run(run, entry->second.record.thread_id);
  }
  const auto [thread, fresh] =
      stripes_[stripe_of(run.thread_id)].threads.try_emplace(run.thread_id);
  step.new_thread = fresh;
  step.new_item = fresh_run;
  step.thread_updated = thread->second.updated;
  if (!fresh_run) step.record = std::make_unique<run_record>(entry->second.record);
  if (fresh) thread->second.created = thread->second.updated = run.created;
  if (fresh_run) {
    thread->second.runs.push_back(run.run_id);
    entry->second.sequence = sequence_.fetch_add(1, std::memory_order_relaxed);
  }
  thread->second.touch(run.updated);
  entry->second.record = run;
}

void in_memory_store::undo_one(const put_run& op, undo_step& step) {
  auto& runs = stripes_[stripe_of(op.run.run_id)].runs;
  auto& thread = *find_thread(op.run.thread_id);
  if (step.new_item) {
    runs.erase(op.run.run_id);
    thread.runs.pop_back();
  } else {
    runs.at(op.run.run_id).record = std::move(*step.record);
  }
  thread.updated = step.thread_updated;
  if (step.new_thread) stripes_[stripe_of(op.run.thread_id)].threads.erase(op.run.thread_id);
}

void in_memory_store::apply_one(const set_run_status& op, undo_step& step) {
  auto& runs = stripes_[stripe_of(op.run_id)].runs;
  const auto found = runs.find(op.run_id);
  if (found == runs.end()) return;
  auto& record = found->second.record;
  step.record = std::make_unique<run_record>();
  step.record->status = std::exchange(record.status, op.status);
  step.record->error = std::exchange(record.error, op.error);
  step.record->updated = std::exchange(record.updated, op.updated);
}

void in_memory_store::undo_one(const set_run_status& op, undo_step& step) {
  if (!step.record) return;
  auto& record = stripes_[stripe_of(op.run_id)].runs.at(op.run_id).record;
  record.status = step.record->status;
  record.error = std::move(step.record->error);
  record.updated = step.record->updated;
}

prune_report in_memory_store::prune(const std::string& thread_id, std::size_t keep) {
  if (keep == 0) store::refuse_keep();
  const stripe_lock lock(stripes_, mask_of(thread_id));
  prune_report report;
  auto* thread = find_thread(thread_id);
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
