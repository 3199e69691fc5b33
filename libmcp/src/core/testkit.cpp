#include "mcp/testkit.hpp"

namespace mcp::testkit {

task_info fake_context::info() const {
  return {.graph = "test",
          .node = "node",
          .run_id = "run",
          .thread_id = thread_id_,
          .ns = {},
          .step = step_,
          .remaining_steps = remaining_steps_,
          .attempt = attempt_};
}

std::string fake_context::task_id() const {
  return std::string(32, '0');
}

bool fake_context::cancelled() const noexcept {
  return cancelled_;
}

fake_context& fake_context::cancel() {
  cancelled_ = true;
  for (auto& stop : std::exchange(stops_, {})) stop();
  return *this;
}

void fake_context::on_cancel(std::function<void()> stop) {
  if (cancelled_) return stop();
  stops_.push_back(std::move(stop));
}

void fake_context::heartbeat() noexcept {
  ++heartbeats_;
}

std::chrono::system_clock::time_point fake_context::now() const {
  return time_;
}

std::optional<std::string> fake_context::answer(std::size_t index) {
  if (index >= answers_.size()) return std::nullopt;
  return answers_[index];
}

void fake_context::ask(std::size_t, std::string question, std::string schema) {
  asked_.push_back({cbor_to_json(question), std::move(schema)});
}

std::optional<std::string> fake_context::find_effect(const std::string& key) {
  const auto found = effects_.find(key);
  if (found == effects_.end()) return std::nullopt;
  return found->second;
}

void fake_context::keep_effect(const std::string& key, const std::string& result) {
  effects_[key] = result;
}

void fake_context::when_durable(std::function<void()> then) {
  then();
}

void fake_context::emit(std::string name, std::string payload) {
  events_.push_back({std::move(name), cbor_to_json(payload)});
}

void fake_context::emit_message(const message& content) {
  messages_.push_back(content);
}

std::int64_t fake_context::charged(std::string_view counter) const {
  const auto found = used_.find(counter);
  return found == used_.end() ? 0 : found->second;
}

void fake_context::charge(std::string_view counter, std::int64_t amount) {
  if (amount < 0) throw error{errc::invalid_argument, "a charge is at least 0"};
  std::int64_t total = 0;
  const bool overflow = __builtin_add_overflow(charged(counter), amount, &total);
  const auto limit = limits_.find(counter);
  if (overflow || (limit != limits_.end() && total > limit->second)) {
    throw error{errc::budget_exceeded,
                "the test's budget of \"" + std::string{counter} + "\" does not suffice"};
  }
  used_.insert_or_assign(std::string{counter}, total);
}

void fake_context::refund(std::string_view counter, std::int64_t amount) noexcept {
  if (const auto found = used_.find(counter); found != used_.end()) found->second -= amount;
}

const error* fake_context::failure() const noexcept {
  return failure_ ? &*failure_ : nullptr;
}

memory_store* fake_context::memory() const noexcept {
  return memory_.get();
}

}  // namespace mcp::testkit
