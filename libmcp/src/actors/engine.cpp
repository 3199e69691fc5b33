#include "actors/engine.hpp"

#include "actors/run_spans.hpp"
#include "actors/thread_hold.hpp"
#include "core/checkpoint_codec.hpp"
#include "core/ids.hpp"
#include "core/interrupts.hpp"
#include "core/thread_name.hpp"

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

/// A field that is not part of the input has no business there: refused, not dropped.
void check_input(const state_type& type, const std::vector<channel_write>& input) {
  for (const auto& write : input) {
    const auto& channel = type.at(write.channel);
    if (channel.is_input()) continue;
    throw error{errc::invalid_update, "field \"" + channel.name() +
                                          "\" is not part of the input of state \"" + type.name() +
                                          "\"; leave it at its default"};
  }
}

std::shared_ptr<error> handed_over() {
  return std::make_shared<error>(errc::shutting_down, "the run goes on with the next executor");
}

}  // namespace

engine::engine(std::shared_ptr<const graph_plan> plan, executor_options options)
    : plan_(std::move(plan)),
      options_(std::move(options)),
      runtime_((options_.runtime ? *options_.runtime : actor_runtime::shared()).get()),
      breakers_(runtime_->breakers()) {
  const spawn_scope scope;
  life_ = {new engine_life{.owner = runtime_, .plan = plan_, .at_work = census_}, careful_delete{}};
  for (const auto& warning : plan_->warnings) {
    spdlog::warn("graph \"{}\": {}", plan_->name, to_text({warning}));
  }
  if (options_.store) writer_ = runtime_->writer_for(options_.store);
  if (writer_ && options_.metrics) writer_->measure(options_.metrics);
  for (const auto& node : plan_->nodes) {
    has_timeouts_ = has_timeouts_ || node.spec.options.timeout.has_value();
  }
  team_ = std::make_unique<crew>(life_, plan_, options_.supervision, breakers_);
  sweeper_ = std::make_unique<sweeper>(*runtime_, writer_.get().get(), options_, plan_->name);
  if (!options_.store) return;
  if (options_.recover) recovered_ = recover();
  watch_ = std::make_unique<store_watch>(
      *options_.store,
      [this] {
        if (options_.recover) recover_more();
      },
      [this] { abandon_runs(); });
}

engine::~engine() {
  sweeper_.reset();
  watch_.reset();
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    given_back_.notify_all();
  }
  stop_runs(control_message::kind::stop,
            std::make_shared<error>(errc::shutting_down, "the executor was destroyed"));
  runtime_->drive();
  census_->wait_empty();
}

void engine::stop_runs(control_message::kind how, const std::shared_ptr<error>& reason) {
  std::vector<std::shared_ptr<live_run>> left;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [thread, run] : threads_) {
      if (run) left.push_back(run);
    }
  }
  for (const auto& run : left) run->control(how, reason);
}

void engine::hand_over(bool now) {
  const auto how = now ? control_message::kind::stop : control_message::kind::hand_over;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    ending_ = how;
    given_back_.notify_all();
  }
  stop_runs(how, handed_over());
}

void engine::abandon_runs() {
  spdlog::error(
      "graph \"{}\": the lease on the store is lost; its runs end here, and go on elsewhere",
      plan_->name);
  stop_runs(control_message::kind::stop,
            std::make_shared<error>(errc::lease_lost, "others have taken this process for dead"));
}

std::string engine::random_id() {
  return core::make_random_id(runtime_->clock().random(), runtime_->clock().random());
}

checkpoint_store& engine::store() const {
  if (!options_.store) {
    throw error{errc::no_store, "the executor of graph \"" + plan_->name + "\" has no store"};
  }
  return *options_.store;
}

/// A run that has ended gives its thread back when all that it wrote has been taken or refused.
void engine::await_thread(const std::string& thread_id, std::unique_lock<std::mutex>& lock) {
  const auto is_ending = [&] {
    const auto found = threads_.find(thread_id);
    return found != threads_.end() && found->second && found->second->finished();
  };
  if (!is_ending()) return;
  if (runtime_->deterministic()) {  // nothing else moves while this thread waits
    lock.unlock();
    runtime_->drive();
    lock.lock();
    return;
  }
  given_back_.wait_for(lock, longest_last_write, [&] { return stopping_ || !is_ending(); });
}

void engine::take_thread(const std::string& thread_id, std::shared_ptr<live_run> live) {
  {
    std::unique_lock lock{mutex_};
    await_thread(thread_id, lock);
    if (stopping_) throw error{errc::shutting_down, "the executor is ending"};
    if (threads_.size() >= options_.max_runs) {
      throw error{errc::overloaded, "executor_options::max_runs = " +
                                        std::to_string(options_.max_runs) + " runs are under way"};
    }
    if (!threads_.emplace(thread_id, std::move(live)).second) {
      throw error{errc::thread_busy, "thread \"" + thread_id + "\" has a run that is not finished"};
    }
  }
  if (!options_.store || options_.store->claim(thread_id)) return;
  const std::lock_guard lock{mutex_};
  threads_.erase(thread_id);
  throw error{errc::thread_busy, "another executor is at work on thread \"" + thread_id + "\""};
}

void engine::give_back_thread(const std::string& thread_id) noexcept {
  if (options_.store) options_.store->release(thread_id);
  const std::lock_guard lock{mutex_};
  threads_.erase(thread_id);
  given_back_.notify_all();
}

std::shared_ptr<live_run> engine::make_live(std::string run_id, const run_options& options) const {
  return std::make_shared<live_run>(std::move(run_id), options.thread_id, options.events,
                                    options.event_capacity);
}

std::shared_ptr<thread_claim> engine::make_claim(const std::string& thread_id) {
  // The seat: a run may end, and its thread be given back, when its actor is gone.
  return std::make_shared<thread_claim>([this, thread_id,
                                         seat = census_seat{census_}](bool after_writes) {
    const auto give_back = [this, thread_id, seat](const auto&) { give_back_thread(thread_id); };
    if (!after_writes || writer_->write_then({}, give_back)) give_back(nullptr);
  });
}

run_order engine::make_order(const std::shared_ptr<live_run>& live, const run_options& options,
                             run_usage used) {
  auto link = std::make_shared<run_link>();
  link->owner = runtime_.get();
  link->live = live;
  link->budget = std::make_shared<shared_budget>(options.budget, std::move(used));
  link->writer = writer_.get();
  link->claim = make_claim(live->thread_id());
  link->memory = options_.memory;
  link->metrics = options_.metrics;
  if (options_.spans || !options.traceparent.empty()) {
    link->trace = trace_of_run(options, live->run_id());
    if (link->trace.sampled) link->spans = options_.spans;
    if (link->spans) {
      link->epoch = runtime_->clock().since_epoch() - runtime_->clock().now();
    }
  }
  link->plan = plan_;
  run_order order;
  order.settings = {.plan = plan_,
                    .run_id = live->run_id(),
                    .thread_id = live->thread_id(),
                    .stored = static_cast<bool>(writer_),
                    .budgeted = link->budget->limited(),
                    .options = options};
  order.link = std::move(link);
  order.team = team_.get();
  order.census = census_;
  return order;
}

void engine::launch(const std::shared_ptr<live_run>& live, run_order order, lent_thread* host) {
  const spawn_scope scope;
  live->set_actor(spawn_run(runtime_->system(), std::move(order), host));
  std::optional<control_message::kind> ending;
  {
    const std::lock_guard lock{mutex_};
    ending = ending_;
  }
  if (ending) live->control(*ending, handed_over());
}

std::shared_ptr<live_run> engine::start(state_pointer fresh, std::vector<channel_write> input,
                                        run_options options) {
  const auto live = prepare(std::move(fresh), std::move(input), std::move(options), nullptr);
  if (!runtime_->deterministic()) live->wait_accepted();
  return live;
}

run_result_info engine::run(state_pointer fresh, std::vector<channel_write> input,
                            run_options options) {
  // A thread that is busy with a node cannot come back at a timeout.
  if (has_timeouts_ || options.deadline.count() != 0 || runtime_->deterministic()) {
    const auto live = prepare(std::move(fresh), std::move(input), std::move(options), nullptr);
    runtime_->drive();
    return live->wait();
  }
  const spawn_scope scope;
  auto lent = runtime_->take_lent_thread();
  const auto live = prepare(std::move(fresh), std::move(input), std::move(options), lent.get());
  lent->work(live->finished_flag());
  runtime_->give_back(std::move(lent));
  return live->wait();
}

std::shared_ptr<live_run> engine::prepare(state_pointer fresh, std::vector<channel_write> input,
                                          run_options options, lent_thread* host) {
  if (options.recursion_limit < 1) {
    throw error{errc::invalid_argument, "run_options::recursion_limit must be at least 1"};
  }
  core::check_thread_id(options.thread_id);
  const bool new_thread = options.thread_id.empty();
  if (new_thread) options.thread_id = random_id();
  core::check_stops(*plan_, options, static_cast<bool>(writer_));
  check_input(*plan_->state, input);
  const auto live = make_live(random_id(), options);
  thread_hold hold{*this, options.thread_id, live};
  core::log_position at;
  std::vector<store_write> writes;
  if (writer_ && !new_thread) {
    if (const auto stored = store().load(options.thread_id, "")) {
      fresh = take_state(options.thread_id, *stored, at);
      replace_last_run(options.thread_id, "run " + live->run_id() + " took its place", writes);
    }
  }
  auto order = make_order(live, options, {});
  if (writer_) {
    const auto now = runtime_->clock().wall();
    writes.emplace_back(put_run{{.run_id = live->run_id(),
                                 .thread_id = live->thread_id(),
                                 .graph = plan_->name,
                                 .status = run_status::running,
                                 .body = body_of(options),
                                 .created = now,
                                 .updated = now}});
  } else {
    live->accept();
  }
  order.opening = [state = std::move(fresh), at, input = std::move(input),
                   writes = std::move(writes)](core::run_machine& machine,
                                               core::machine_commands& out) mutable {
    out.writes = std::move(writes);
    machine.begin(std::move(state), at, std::move(input), out);
  };
  launch(live, std::move(order), host);
  hold.keep();
  return live;
}

bool engine::cancel(const std::string& thread_id, const std::string& reason) {
  if (const auto live = find(thread_id)) {
    live->control(control_message::kind::cancel, std::make_shared<error>(errc::cancelled, reason));
    return true;
  }
  if (!options_.store) return false;
  const thread_hold hold{*this, thread_id};
  const auto last = store().last_run(thread_id);
  if (!last || last->status != run_status::interrupted) return false;
  std::vector<store_write> writes;
  writes.emplace_back(set_run_status{.run_id = last->run_id,
                                     .status = run_status::cancelled,
                                     .error = error{errc::cancelled, reason}.what(),
                                     .updated = runtime_->clock().wall()});
  writer_->write_and_wait(std::move(writes));
  return true;
}

std::shared_ptr<live_run> engine::find(const std::string& thread_id) const {
  const std::lock_guard lock{mutex_};
  const auto found = threads_.find(thread_id);
  return found == threads_.end() ? nullptr : found->second;
}

}  // namespace mcp::actors
