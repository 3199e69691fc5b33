#include "store/in_memory_log.hpp"

#include "core/replay.hpp"
#include "store/write_rules.hpp"

#include <algorithm>
#include <utility>

namespace mcp::store {
namespace {

constexpr std::size_t npos = static_cast<std::size_t>(-1);

}  // namespace

in_memory_log::in_memory_log(const in_memory_log& other) {
  records_.reserve(other.records_.size());
  for (const auto& one : other.records_) {
    auto journal = one.journal ? std::make_unique<journal_list>(*one.journal) : nullptr;
    records_.push_back({one.id, one.parent, one.base, one.step, one.created, one.run, one.body,
                        one.snapshot, std::move(journal), one.source});
  }
}

std::size_t in_memory_log::position_of(checkpoint_id id) const noexcept {
  if (!records_.empty() && records_.back().id == id) return records_.size() - 1;
  const auto found = std::lower_bound(records_.begin(), records_.end(), id,
                                      [](const auto& one, auto value) { return one.id < value; });
  if (found == records_.end() || found->id != id) return npos;
  return static_cast<std::size_t>(found - records_.begin());
}

void in_memory_log::put(const put_checkpoint& op) {
  check_checkpoint(op);
  const auto& info = op.info;
  if (!records_.empty() && info.id <= records_.back().id) refuse_id_order(op, records_.back().id);
  checkpoint_id base = info.base == info.id ? info.id : checkpoint_id{};
  if (info.parent) {
    const auto parent = position_of(info.parent);
    if (parent == npos) refuse_parent(op);
    if (!base) base = records_[parent].base;
  }
  const bool same_run = !records_.empty() && *records_.back().run == info.run_id;
  auto run = same_run ? records_.back().run : std::make_shared<const std::string>(info.run_id);
  records_.push_back({info.id, info.parent, base, info.step, info.created, std::move(run), op.body,
                      op.snapshot, nullptr, info.source});
}

std::optional<std::string> in_memory_log::put(const put_journal& op) {
  const auto at = position_of(op.checkpoint);
  if (at == npos) refuse_journal(op);
  auto& journal = records_[at].journal;
  if (!journal) journal = std::make_unique<journal_list>();
  return journal->put(op.entry);
}

void in_memory_log::undo(const put_journal& op, std::optional<std::string>&& before) {
  auto& journal = *records_[position_of(op.checkpoint)].journal;
  if (before) {
    journal.put({op.entry.kind, op.entry.key, std::move(*before)});
  } else {
    journal.pop();
  }
}

checkpoint_info in_memory_log::info_of(const record& one, const std::string& ns) const {
  return {ns, one.id, one.parent, one.base, one.step, one.source, *one.run, one.created};
}

std::optional<stored_checkpoint> in_memory_log::load(const std::string& ns,
                                                     std::optional<checkpoint_id> id) const {
  if (records_.empty()) return std::nullopt;
  auto at = id ? position_of(*id) : records_.size() - 1;
  if (at == npos) return std::nullopt;
  const auto& target = records_[at];
  stored_checkpoint result;
  result.info = info_of(target, ns);
  if (target.journal) result.journal = target.journal->entries();
  result.bodies.push_back(target.body);
  while (records_[at].id != target.base && records_[at].parent) {
    const auto parent = records_[at].parent;
    at = at > 0 && records_[at - 1].id == parent ? at - 1 : position_of(parent);
    if (records_[at].id != target.base) result.bodies.push_back(records_[at].body);
  }
  std::reverse(result.bodies.begin(), result.bodies.end());
  if (target.base) result.snapshot = records_[at].snapshot;
  return result;
}

std::optional<std::string> in_memory_log::body(checkpoint_id id) const {
  const auto at = position_of(id);
  if (at == npos) return std::nullopt;
  return records_[at].body;
}

std::vector<checkpoint_info> in_memory_log::history(const std::string& ns,
                                                    const history_query& query) const {
  const auto limit = std::min(query.limit, max_history_limit);
  auto last = records_.end();
  if (query.before) {
    last = std::lower_bound(records_.begin(), records_.end(), *query.before,
                            [](const auto& one, auto value) { return one.id < value; });
  }
  std::vector<checkpoint_info> result;
  while (last != records_.begin() && result.size() < limit) {
    const auto& one = *--last;
    if (query.source && one.source != *query.source) continue;
    if (query.step && one.step != *query.step) continue;
    if (query.run_id && *one.run != *query.run_id) continue;
    result.push_back(info_of(one, ns));
  }
  return result;
}

std::vector<prune_node> in_memory_log::nodes() const {
  std::vector<prune_node> result;
  result.reserve(records_.size());
  for (const auto& one : records_) {
    result.push_back(
        {one.id, one.parent, one.base == one.id, one.journal && one.journal->pending()});
  }
  return result;
}

std::vector<std::string> in_memory_log::snapshots_for(const prune_plan& plan) const {
  std::vector<std::string> result;
  for (const auto id : plan.snapshots) {
    const auto stored = load({}, id);
    result.push_back(core::replay(stored->snapshot, stored->bodies));
  }
  return result;
}

void in_memory_log::apply(const prune_plan& plan, std::vector<std::string>&& snapshots,
                          prune_report& report) {
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    records_[position_of(plan.snapshots[i])].snapshot = std::move(snapshots[i]);
  }
  for (const auto id : plan.roots) records_[position_of(id)].parent = {};
  for (const auto& [id, base] : plan.bases) records_[position_of(id)].base = base;
  auto gone = plan.removed.begin();
  std::erase_if(records_, [&](const record& one) {
    if (gone == plan.removed.end() || one.id != *gone) return false;
    ++gone;
    ++report.checkpoints;
    if (one.journal) report.journal_entries += one.journal->entries().size();
    return true;
  });
  records_.shrink_to_fit();
}

}  // namespace mcp::store
