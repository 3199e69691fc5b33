#include "store/in_memory_data.hpp"

#include "store/write_rules.hpp"

#include <utility>
#include <variant>

namespace mcp::store {

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

void in_memory_data::write(std::span<const store_write> batch) {
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

stored_thread* in_memory_data::find_thread(const std::string& thread_id) {
  auto& threads = stripes[stripe_of(thread_id)].threads;
  const auto found = threads.find(thread_id);
  return found == threads.end() ? nullptr : &found->second;
}

in_memory_log* in_memory_data::find_log(const std::string& thread_id, const std::string& ns) {
  auto* thread = find_thread(thread_id);
  return thread == nullptr ? nullptr : thread->find(ns);
}

bool in_memory_data::erase(const std::string& thread_id) {
  const auto* thread = find_thread(thread_id);
  if (thread == nullptr) return false;
  for (const auto& id : thread->runs) stripes[stripe_of(id)].runs.erase(id);
  stripes[stripe_of(thread_id)].threads.erase(thread_id);
  return true;
}

void in_memory_data::apply(const store_write& op, undo_step& step) {
  std::visit([&](const auto& one) { apply_one(one, step); }, op);
}

void in_memory_data::undo(undo_step& step) {
  std::visit([&](const auto& one) { undo_one(one, step); }, *step.op);
}

void in_memory_data::apply_one(const put_checkpoint& op, undo_step& step) {
  auto& threads = stripes[stripe_of(op.thread_id)].threads;
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

void in_memory_data::undo_one(const put_checkpoint& op, undo_step& step) {
  auto& thread = *find_thread(op.thread_id);
  thread.log(op.info.ns).pop();
  thread.updated = step.thread_updated;
  if (step.new_item) thread.nested.erase(op.info.ns);
  if (step.new_thread) stripes[stripe_of(op.thread_id)].threads.erase(op.thread_id);
}

void in_memory_data::apply_one(const put_journal& op, undo_step& step) {
  auto* log = find_log(op.thread_id, op.ns);
  if (log == nullptr) refuse_journal(op);
  step.body = log->put(op);
}

void in_memory_data::undo_one(const put_journal& op, undo_step& step) {
  find_log(op.thread_id, op.ns)->undo(op, std::move(step.body));
}

void in_memory_data::apply_one(const put_run& op, undo_step& step) {
  const auto& run = op.run;
  auto& runs = stripes[stripe_of(run.run_id)].runs;
  const auto [entry, fresh_run] = runs.try_emplace(run.run_id);
  if (!fresh_run && entry->second.record.thread_id != run.thread_id) {
    refuse_run(run, entry->second.record.thread_id);
  }
  const auto [thread, fresh] = stripes[stripe_of(run.thread_id)].threads.try_emplace(run.thread_id);
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

void in_memory_data::undo_one(const put_run& op, undo_step& step) {
  auto& runs = stripes[stripe_of(op.run.run_id)].runs;
  auto& thread = *find_thread(op.run.thread_id);
  if (step.new_item) {
    runs.erase(op.run.run_id);
    thread.runs.pop_back();
  } else {
    runs.at(op.run.run_id).record = std::move(*step.record);
  }
  thread.updated = step.thread_updated;
  if (step.new_thread) stripes[stripe_of(op.run.thread_id)].threads.erase(op.run.thread_id);
}

void in_memory_data::apply_one(const set_run_status& op, undo_step& step) {
  auto& runs = stripes[stripe_of(op.run_id)].runs;
  const auto found = runs.find(op.run_id);
  if (found == runs.end()) return;
  auto& record = found->second.record;
  step.record = std::make_unique<run_record>();
  step.record->status = std::exchange(record.status, op.status);
  step.record->error = std::exchange(record.error, op.error);
  step.record->updated = std::exchange(record.updated, op.updated);
}

void in_memory_data::undo_one(const set_run_status& op, undo_step& step) {
  if (!step.record) return;
  auto& record = stripes[stripe_of(op.run_id)].runs.at(op.run_id).record;
  record.status = step.record->status;
  record.error = std::move(step.record->error);
  record.updated = step.record->updated;
}

}  // namespace mcp::store
