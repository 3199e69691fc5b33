#include "actors/task_context.hpp"

#include "core/ids.hpp"
#include "core/interrupts.hpp"

namespace mcp::actors {

task_info task_context::info() const {
  return {.graph = link_.plan->name,
          .node = link_.plan->name_of(node_),
          .run_id = link_.live->run_id(),
          .thread_id = link_.live->thread_id(),
          .ns = link_.ns,
          .step = task_->step,
          .remaining_steps = task_->remaining_steps,
          .attempt = attempt_};
}

std::string task_context::task_id() const {
  // Not the one that the task keeps: the run's actor may be making it just now.
  return link_.make_id(*task_, node_);
}

bool task_context::cancelled() const noexcept {
  return task_->cancelled.load(std::memory_order_acquire);
}

void task_context::on_cancel(std::function<void()> stop) {
  task_->has_stops = true;
  link_.add_stop(*task_, std::move(stop));
  // Cancelled meanwhile: whoever takes the stops first calls them.
  if (cancelled()) link_.call_stops(*task_);
}

void task_context::heartbeat() noexcept {
  link_.sign_of_life(*task_);
}

std::chrono::system_clock::time_point task_context::now() const {
  return link_.owner->clock().wall();
}

std::optional<std::string> task_context::answer(std::size_t index) {
  if (task_->answers.empty()) return std::nullopt;
  const auto id = core::make_interrupt_id(link_.ns, task_id(), index);
  for (const auto& [key, content] : task_->answers) {
    if (key == id) return content;
  }
  return std::nullopt;
}

void task_context::ask(std::size_t index, std::string question, std::string schema) {
  if (!link_.writer) {
    throw error{errc::no_store, "the node asks a question, and the run has no store to wait in"};
  }
  core::check_answer_schema(schema);
  task_->outcome.asked.push_back({index, std::move(question), std::move(schema)});
}

std::optional<std::string> task_context::find_effect(const std::string& key) {
  for (const auto& [known, result] : task_->effects) {
    if (known == key) return result;
  }
  auto found = link_.find_effect(task_id() + "/" + key);
  // The effect is about to happen. Its key names the checkpoint that planned the task: were that
  // one lost in a crash, the repeated task would have another key, and the effect would happen
  // twice.
  if (!found && link_.writer && !link_.writer->direct()) link_.writer->write_and_wait({});
  return found;
}

void task_context::keep_effect(const std::string& key, const std::string& result) {
  const auto full = task_id() + "/" + key;
  if (link_.writer) {
    const auto held = link_.claim->hold();
    if (!held) throw error{errc::shutting_down, "the run has ended, and may go on elsewhere"};
    std::vector<store_write> writes;
    writes.emplace_back(put_journal{.thread_id = link_.live->thread_id(),
                                    .ns = link_.ns,
                                    .checkpoint = task_->anchor,
                                    .entry = {journal_kind::effect, full, result}});
    link_.writer->write_and_wait(std::move(writes));
  }
  task_->effects.emplace_back(key, result);
  link_.keep_effect(full, result);
  heartbeat();
}

void task_context::when_durable(std::function<void()> then) {
  if (!link_.writer || link_.writer->direct()) return then();
  link_.writer->when_durable(std::move(then));
}

run_event task_context::event(event_kind kind) const {
  run_event made;
  made.kind = kind;
  made.ns = link_.ns;
  made.step = task_->step;
  made.node = link_.plan->name_of(node_);
  made.attempt = attempt_;
  return made;
}

void task_context::emit(std::string name, std::string payload) {
  heartbeat();
  if (!link_.live->wants(event_kind::custom) || cancelled()) return;
  auto made = event(event_kind::custom);
  made.name = std::move(name);
  made.json = cbor_to_json(payload);
  link_.live->record(std::move(made));
}

void task_context::emit_message(const message& content) {
  heartbeat();
  if (!link_.live->wants(event_kind::messages) || cancelled()) return;
  auto made = event(event_kind::messages);
  made.json = to_json(content);
  link_.live->record(std::move(made));
}

void task_context::charge(std::string_view counter, std::int64_t amount) {
  if (amount < 0) throw error{errc::invalid_argument, "a charge is at least 0"};
  if (auto refused = link_.budget->take(counter, amount)) throw error{*refused};
}

void task_context::refund(std::string_view counter, std::int64_t amount) noexcept {
  link_.budget->give_back(counter, amount);
}

void task_context::hold(std::string_view counter, std::int64_t amount) {
  if (amount < 0) throw error{errc::invalid_argument, "a reservation is at least 0"};
  if (auto refused = link_.budget->hold(task_.get(), link_.ns, counter, amount)) {
    throw error{*refused};
  }
}

void task_context::release(std::string_view counter, std::int64_t held, std::int64_t used) {
  if (auto refused = link_.budget->release(task_.get(), counter, held, used)) {
    throw error{*refused};
  }
}

const error* task_context::failure() const noexcept {
  return task_->failed_with ? &*task_->failed_with : nullptr;
}

memory_store* task_context::memory() const noexcept {
  return link_.memory.get();
}

std::string task_context::traceparent() const {
  auto place = link_.trace;
  if (span_ != 0) place.span = span_;
  return place.traceparent();
}

}  // namespace mcp::actors
