#include "core/interrupts.hpp"
#include "core/run_machine.hpp"

#include <algorithm>

// What the journal of a superstep that was not finished tells its tasks.

namespace mcp::core {

/// Plans the superstep that a journal is about, and keeps what has ended of it.
void run_machine::keep_finished_tasks() {
  task_count_ = 0;
  if (memory_->empty()) return;
  if (next_.empty()) std::swap(next_.triggered, next_.deferred);  // as when it began
  plan_tasks();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < task_count_; ++i) {
    recall(*tasks_[i]);
    if (tasks_[i]->state != task_state::finished) continue;
    std::swap(tasks_[kept], tasks_[i]);
    tasks_[kept]->slot = static_cast<std::uint32_t>(kept);
    ++kept;
  }
  task_count_ = kept;
}

void run_machine::remember(const std::vector<journal_entry>& journal) {
  memory_ = std::make_unique<std::map<std::string, recalled>>();
  for (const auto& entry : journal) {
    if (entry.kind == journal_kind::answer) answers_.try_emplace(entry.key, entry.body);
  }
  for (const auto& entry : journal) {
    if (entry.kind == journal_kind::task) (*memory_)[entry.key].result = entry.body;
    if (entry.kind == journal_kind::effect) {
      const auto slash = entry.key.find('/');
      if (slash == std::string::npos) continue;
      (*memory_)[entry.key.substr(0, slash)].effects.emplace_back(entry.key.substr(slash + 1),
                                                                  entry.body);
    }
    if (entry.kind == journal_kind::interrupt) {
      auto [asked, id] = decode_interrupt(entry.key, entry.body);
      const bool answered = answers_.contains(asked.id.empty() ? gate_key : asked.id);
      (*memory_)[id].interrupts.emplace_back(std::move(asked), answered);
    }
    if (entry.kind == journal_kind::failure) {
      auto failed = decode_failure(entry.body);
      if (!failed.second.empty()) (*memory_)[entry.key].fallback = std::move(failed);
    }
  }
}

void run_machine::recall_effects(task& planned) {
  planned.effects.clear();
  if (!memory_) return;
  const auto known = memory_->find(attempt_id(planned));
  if (known != memory_->end()) planned.effects = known->second.effects;
}

/// The fallback `name` of a node, or of a fallback of it.
std::optional<node_index> run_machine::fallback_named(const std::string& name,
                                                      node_index of) const {
  const auto& nodes = settings_.plan->nodes;
  auto left = nodes.size();  // they may lead back to each other
  for (auto next = nodes[of].fallback; next && left > 0; next = nodes[*next].fallback, --left) {
    if (settings_.plan->name_of(*next) == name) return next;
  }
  return std::nullopt;
}

/// From now on the task's attempts are the fallback's, with what it has asked and done before.
void run_machine::stand_in(task& broken, node_index fallback, error reason) {
  broken.failed_with = std::move(reason);
  broken.node = fallback;
  broken.attempt = 0;
  if (!broken.shared_ids) recall_effects(broken);
}

/// Gives a task what its journal already knows.
void run_machine::recall(task& planned) {
  const auto found = memory_->find(id_of(planned));
  if (found == memory_->end()) return;
  auto& known = found->second;
  recall_effects(planned);
  if (known.result) {
    planned.outcome.result = decode_result(*settings_.plan, *known.result, settings_.parent.get());
    planned.outcome.what = task_outcome::kind::finished;
    planned.state = task_state::finished;
    --unsettled_;
    return;
  }
  if (known.fallback) {
    const auto taken_over = fallback_named(known.fallback->second, planned.planned);
    if (taken_over) stand_in(planned, *taken_over, known.fallback->first);
  }
  const auto& spec = settings_.plan->nodes[planned.node].spec;
  const bool waits = std::any_of(known.interrupts.begin(), known.interrupts.end(),
                                 [](const auto& asked) { return !asked.second; });
  const bool news = std::any_of(known.interrupts.begin(), known.interrupts.end(),
                                [](const auto& asked) { return asked.second; });
  if (waits && !(spec.kind == node_kind::subgraph && news)) {
    for (const auto& [asked, answered] : known.interrupts) {
      if (!answered) planned.outcome.interrupts.push_back(asked);
    }
    planned.outcome.what = task_outcome::kind::interrupted;
    planned.state = task_state::interrupted;
    --unsettled_;
    return;
  }
  planned.answers.assign(answers_.begin(), answers_.end());
}

}  // namespace mcp::core
