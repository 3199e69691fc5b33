#include "sim/simulated_run.hpp"

#include "core/ids.hpp"
#include "core/interrupts.hpp"

#include <stdexcept>

namespace sim {
namespace {

using namespace mcp::core;

constexpr const char* thread_id = "thread";
constexpr const char* run_id = "run";
constexpr std::uint64_t max_events = 200'000;
constexpr int max_crashes = 12;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// What a node's function sees of the simulation.
class simulated_context final : public mcp::context_port {
 public:
  simulated_context(simulated_run& run, task& of, std::string id)
      : run_(run), task_(of), id_(std::move(id)) {}
  [[nodiscard]] mcp::task_info info() const override {
    return {.step = task_.step, .attempt = task_.attempt};
  }
  [[nodiscard]] std::string task_id() const override { return id_; }
  [[nodiscard]] bool cancelled() const noexcept override { return task_.cancelled.load(); }
  void on_cancel(std::function<void()>) override {}
  void heartbeat() noexcept override {}
  [[nodiscard]] std::chrono::system_clock::time_point now() const override { return run_.wall(); }
  [[nodiscard]] std::optional<std::string> answer(std::size_t index) override {
    for (const auto& [id, content] : task_.answers) {
      if (id == make_interrupt_id("", id_, index)) return content;
    }
    return std::nullopt;
  }
  void ask(std::size_t index, std::string question, std::string schema) override {
    task_.outcome.asked.push_back({index, std::move(question), std::move(schema)});
  }
  [[nodiscard]] std::optional<std::string> find_effect(const std::string& key) override {
    return run_.find_effect(task_, key);
  }
  void keep_effect(const std::string& key, const std::string& result) override {
    run_.keep_effect(task_, key, result);
  }
  void when_durable(std::function<void()> then) override { then(); }
  void emit(std::string, std::string) override {}
  void emit_message(const mcp::message&) override {}
  void charge(std::string_view, std::int64_t) override {}
  void refund(std::string_view, std::int64_t) noexcept override {}
  [[nodiscard]] const mcp::error* failure() const noexcept override { return nullptr; }
  [[nodiscard]] mcp::memory_store* memory() const noexcept override { return nullptr; }

 private:
  simulated_run& run_;
  task& task_;
  std::string id_;
};

void call_node(const mcp::graph_plan& plan, simulated_run& run, task& of, const std::string& id) {
  simulated_context port(run, of, id);
  mcp::context ctx(port);
  try {
    of.outcome.result = plan.nodes[of.node].spec.run(of.input, ctx);
    of.outcome.what = task_outcome::kind::finished;
  } catch (const mcp::interrupt_signal&) {
    of.outcome.what = task_outcome::kind::interrupted;
  } catch (const std::exception& what) {
    of.outcome.what = task_outcome::kind::failed;
    of.outcome.failure.error = mcp::error{mcp::errc::node_failed, what.what()};
  }
}

}  // namespace

simulated_run::simulated_run(const graph& of, std::uint64_t seed)
    : plan_(build(of)),
      random_(seed),
      durability_(static_cast<mcp::durability>(draw(random_, 3))) {}

run_settings simulated_run::settings() const {
  run_settings made{.plan = plan_, .run_id = run_id, .thread_id = thread_id, .stored = true};
  made.options.durability = durability_;
  return made;
}

void simulated_run::run() {
  while (!over_) {
    require(++events_ < max_events, "the run does not end");
    if (!machine_) {
      recover();
    } else {
      next_event();
    }
  }
}

void simulated_run::next_event() {
  wall_ += std::chrono::milliseconds{static_cast<int>(draw(random_, 4)) - 1};
  if (crashes_ < max_crashes && chance(random_, 2)) return crash();
  if (!stray_.empty() && chance(random_, 20)) return late(draw(random_, stray_.size()));
  // The last attempt of a task gets the time it needs.
  const bool hurry = std::any_of(running_.begin(), running_.end(),
                                 [this](const auto& one) { return !may_be_lost(one); });
  const auto ways = running_.size() + (pending_.empty() ? 0U : 1U) + (wake_ && !hurry ? 1U : 0U);
  require(ways > 0, "nothing can happen any more, and the run has not ended");
  const auto way = draw(random_, ways);
  if (way < running_.size()) {
    if (may_be_lost(running_[way]) && chance(random_, 15)) return lose(way);
    return complete(way);
  }
  if (way == running_.size() && !pending_.empty()) {
    return persist(1 + draw(random_, pending_.size()));
  }
  tick();
}

void simulated_run::begin() {
  machine_ = std::make_unique<run_machine>(settings(), *this);
  commands out;
  mcp::run_record run{.run_id = run_id, .thread_id = thread_id, .graph = plan_->name};
  run.status = mcp::run_status::running;
  run.body = encode_options({.thread_id = thread_id, .durability = durability_});
  out.writes.emplace_back(mcp::put_run{std::move(run)});
  machine_->begin({*plan_->state, plan_->state->make()}, {}, {}, out);
  carry_out(out);
}

/// What a new process does first.
void simulated_run::recover() {
  const auto run = store_->run(run_id);
  require(run || !accepted_, "an accepted run is lost");
  if (!run) return begin();
  if (run->status == mcp::run_status::interrupted) return resume(*run);
  require(run->status == mcp::run_status::running,
          "the run ended as " + std::string{name(run->status)} + " " + run->error);
  go_on(*run, {});
}

/// Answers some of the questions, in any order.
void simulated_run::resume(const mcp::run_record& run) {
  const auto stored = store_->load(thread_id, "");
  const auto asked = pending_interrupts(stored->journal);
  require(!asked.empty(), "an interrupted run has no question");
  std::map<std::string, std::string> answers;
  const auto answer = [&](const mcp::pending_interrupt& one) {
    answers[one.id] = mcp::to_cbor(answer_to(mcp::from_json<std::string>(one.question)));
  };
  for (const auto& one : asked) {
    if (chance(random_, 50)) answer(one);
  }
  if (answers.empty()) answer(asked[draw(random_, asked.size())]);
  go_on(run, answers);
}

void simulated_run::go_on(const mcp::run_record& run,
                          const std::map<std::string, std::string>& answers) {
  const auto stored = store_->load(thread_id, "");
  require(stored.has_value(), "a run without a checkpoint");
  auto restarted = run;
  restarted.status = mcp::run_status::running;
  std::vector<mcp::store_write> writes{mcp::put_run{restarted}};
  for (const auto& [id, content] : answers) {
    writes.emplace_back(mcp::put_journal{.thread_id = thread_id,
                                         .checkpoint = stored->info.id,
                                         .entry = {mcp::journal_kind::answer, id, content}});
  }
  store_->write(writes);
  machine_ = std::make_unique<run_machine>(settings(), *this);
  commands out;
  machine_->go_on(rebuild_state(*plan_->state, *stored), position_of(*stored),
                  decode_body(*plan_, stored->bodies.back()).next, stored->journal, answers, out);
  carry_out(out);
}

void simulated_run::carry_out(commands& out) {
  if (!out.writes.empty()) pending_.push_back(std::move(out.writes));
  if (out.hold) hold_ = pending_.size();
  for (const auto& unwanted : out.abandon) {
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (running_[i].task != unwanted) continue;
      stray_.push_back(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
  for (const auto& one : out.dispatch) {
    require(!finished_tasks_.contains(machine_->id_of(*one)),
            "a task whose end is durable runs again: " + plan_->name_of(one->planned));
    one->started.store(now_.count());
    turns_[one.get()] = ++last_turn_;
    running_.push_back({one, last_turn_});
  }
  if (out.wake) wake_ = wake_ ? std::min(*wake_, *out.wake) : *out.wake;
  if (out.finished) return end_of_process();
  if (hold_ && *hold_ == 0) persist(0);
}

void simulated_run::complete(std::size_t index) {
  const auto one = running_[index];
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
  auto& task = *one.task;
  const bool fails = may_be_lost(one) && chance(random_, 25);
  const auto id = machine_->attempt_id(task);
  call_node(*plan_, *this, task, id);
  if (fails) {
    task.outcome.what = task_outcome::kind::failed;
    task.outcome.asked.clear();
    task.outcome.failure.error = mcp::error{mcp::errc::node_failed, "bad luck"};
  }
  if (chance(random_, 10)) stray_.push_back(one);  // comes once more
  commands out;
  machine_->task_done(one.task, out);
  carry_out(out);
}

/// A node that may fail now and still succeed later.
bool simulated_run::may_be_lost(const attempt& one) const {
  const auto& node = plan_->nodes[one.task->node].spec.options;
  return node.timeout && one.task->attempt < node.retry->max_attempts;
}

void simulated_run::lose(std::size_t index) {
  stray_.push_back(running_[index]);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
}

/// A result that was given up, or has come before, comes now.
void simulated_run::late(std::size_t index) {
  const auto one = stray_[index];
  stray_.erase(stray_.begin() + static_cast<std::ptrdiff_t>(index));
  // Between two attempts of one task object the shell delivers each result once.
  if (turns_[one.task.get()] != one.turn) return;
  if (one.task->state == task_state::running && !one.task->cancelled) {
    call_node(*plan_, *this, *one.task, machine_->attempt_id(*one.task));
  }
  commands out;
  machine_->task_done(one.task, out);
  carry_out(out);
}

void simulated_run::persist(std::size_t batches) {
  for (std::size_t i = 0; i < batches; ++i) {
    const auto batch = std::move(pending_.front());
    pending_.pop_front();
    store_->write(batch);
    note_durable(batch);
    if (hold_) --*hold_;
  }
  if (!hold_ || *hold_ > 0) return;
  hold_.reset();
  accepted_ = true;
  commands out;
  machine_->durable(out);
  carry_out(out);
}

void simulated_run::note_durable(const std::vector<mcp::store_write>& batch) {
  for (const auto& one : batch) {
    const auto* entry = std::get_if<mcp::put_journal>(&one);
    if (entry != nullptr && entry->entry.kind == mcp::journal_kind::task) {
      finished_tasks_.insert(entry->entry.key);
    }
  }
}

std::optional<std::string> simulated_run::find_effect(const task& of, const std::string& key) {
  for (const auto& [known, result] : of.effects) {
    if (known == key) return result;
  }
  const auto found = effects_.find(machine_->attempt_id(const_cast<task&>(of)) + "/" + key);
  if (found == effects_.end()) return std::nullopt;
  return found->second;
}

void simulated_run::keep_effect(task& of, const std::string& key, const std::string& result) {
  const auto full = machine_->attempt_id(of) + "/" + key;
  // In order behind everything that waits; the hold's answer comes later.
  std::vector<std::vector<mcp::store_write>> ahead(pending_.begin(), pending_.end());
  for (const auto& batch : ahead) {
    store_->write(batch);
    note_durable(batch);
  }
  if (hold_) *hold_ -= ahead.size();
  pending_.clear();
  store_->write(std::vector<mcp::store_write>{
      mcp::put_journal{.thread_id = thread_id,
                       .checkpoint = of.anchor,
                       .entry = {mcp::journal_kind::effect, full, result}}});
  of.effects.emplace_back(key, result);
  require(effects_.emplace(full, result).second, "an effect that was durable happened again");
}

void simulated_run::tick() {
  now_ = std::max(now_, *wake_);
  wake_.reset();
  commands out;
  machine_->tick(out);
  carry_out(out);
}

void simulated_run::crash() {
  ++crashes_;
  machine_.reset();
  pending_.clear();
  hold_.reset();
  running_.clear();
  stray_.clear();
  wake_.reset();
  now_ += std::chrono::seconds{1};
}

/// The machine says that the run ended or waits.
void simulated_run::end_of_process() {
  require(pending_.empty(), "the run ended before its end was durable");
  const auto result = machine_->result();
  if (result.status == mcp::run_status::done) {
    over_ = true;
    reached_ = machine_->state().as<state>();
    const auto stored = store_->load(thread_id, "");
    step_ = stored->info.step;
    const auto rebuilt = rebuild_state(*plan_->state, *stored);
    require(mcp::to_json(rebuilt.as<state>()) == mcp::to_json(reached_),
            "the stored state is not the run's");
    return;
  }
  require(result.status == mcp::run_status::interrupted,
          result.error ? result.error->what() : "the run ended in an unexpected way");
  machine_.reset();
  running_.clear();
  stray_.clear();
  wake_.reset();
  hold_.reset();
}

}  // namespace sim
