#include "actors/engine.hpp"

#include "core/checkpoint_codec.hpp"
#include "core/ids.hpp"

#include <spdlog/spdlog.h>

namespace mcp::actors {

engine::engine(std::shared_ptr<const graph_plan> plan, executor_options options)
    : plan_(std::move(plan)),
      options_(std::move(options)),
      runtime_((options_.runtime ? *options_.runtime : actor_runtime::shared()).get()) {
  for (const auto& warning : plan_->warnings) {
    spdlog::debug("graph \"{}\": {}", plan_->name, to_text({warning}));
  }
  if (options_.store) writer_ = runtime_->writer_for(options_.store);
  for (const auto& node : plan_->nodes) {
    has_timeouts_ = has_timeouts_ || node.spec.options.timeout.has_value();
  }
  team_ = std::make_unique<crew>(*runtime_, plan_, options_.supervision);
  if (options_.store && options_.recover) recover();
}

engine::~engine() {
  std::vector<std::shared_ptr<live_run>> left;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    for (const auto& [thread, run] : runs_) left.push_back(run);
  }
  const auto reason = std::make_shared<error>(errc::shutting_down, "the executor was destroyed");
  for (const auto& run : left) run->control(control_message::kind::stop, reason);
  runtime_->drive();
  census_->wait_empty();
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

/// Makes the run known under its thread, which must be free.
std::shared_ptr<live_run> engine::enlist(std::string run_id, const run_options& options) {
  auto live = std::make_shared<live_run>(std::move(run_id), options.thread_id, options.events,
                                         options.event_capacity);
  const std::lock_guard lock{mutex_};
  if (stopping_) throw error{errc::shutting_down, "the executor is being destroyed"};
  if (runs_.size() >= options_.max_runs) {
    throw error{errc::overloaded, "executor_options::max_runs = " +
                                      std::to_string(options_.max_runs) + " runs are under way"};
  }
  if (!runs_.emplace(options.thread_id, live).second) {
    throw error{errc::thread_busy,
                "thread \"" + options.thread_id + "\" has a run that is not finished"};
  }
  return live;
}

void engine::dismiss(const std::string& thread_id, const std::string& run_id) {
  if (options_.store) options_.store->release(run_id);
  const std::lock_guard lock{mutex_};
  runs_.erase(thread_id);
}

run_order engine::make_order(const std::shared_ptr<live_run>& live, const run_options& options,
                             run_usage used) {
  auto link = std::make_shared<run_link>();
  link->owner = runtime_.get();
  link->live = live;
  link->budget = std::make_shared<shared_budget>(options.budget, std::move(used));
  link->writer = writer_;
  link->memory = options_.memory;
  link->plan = plan_;
  run_order order;
  order.settings = {.plan = plan_,
                    .run_id = live->run_id(),
                    .thread_id = live->thread_id(),
                    .stored = writer_ != nullptr,
                    .budgeted = link->budget->limited(),
                    .options = options};
  order.link = std::move(link);
  order.team = team_.get();
  order.census = census_;
  // By value: the run's actor may still hold this when the map has let go of the run.
  order.ended = [this, thread = live->thread_id(), run = live->run_id()] { dismiss(thread, run); };
  return order;
}

void engine::launch(const std::shared_ptr<live_run>& live, run_order order, lent_thread* host) {
  live->set_actor(spawn_run(runtime_->system(), std::move(order), host));
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
  if (has_timeouts_ || options.deadline.count() > 0 || runtime_->deterministic()) {
    const auto live = prepare(std::move(fresh), std::move(input), std::move(options), nullptr);
    runtime_->drive();
    return live->wait();
  }
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
  const bool new_thread = options.thread_id.empty();
  if (new_thread) options.thread_id = random_id();
  const auto live = enlist(random_id(), options);
  try {
    core::log_position at;
    if (writer_ && !new_thread) {
      if (const auto stored = store().load(options.thread_id, "")) {
        fresh = core::rebuild_state(*plan_->state, *stored);
        at = core::position_of(*stored);
      }
    }
    auto order = make_order(live, options, {});
    if (writer_) {
      static_cast<void>(store().claim(live->run_id()));
      const auto now = runtime_->clock().wall();
      run_record run{.run_id = live->run_id(),
                     .thread_id = live->thread_id(),
                     .graph = plan_->name,
                     .status = run_status::running,
                     .body = core::encode_options(options),
                     .created = now,
                     .updated = now};
      order.opening = [state = std::move(fresh), at, input = std::move(input),
                       run = std::move(run)](core::run_machine& machine,
                                             core::machine_commands& out) mutable {
        out.writes.emplace_back(put_run{std::move(run)});
        machine.begin(std::move(state), at, std::move(input), out);
      };
    } else {
      order.opening = [state = std::move(fresh), input = std::move(input)](
                          core::run_machine& machine, core::machine_commands& out) mutable {
        machine.begin(std::move(state), {}, std::move(input), out);
      };
      live->accept();
    }
    launch(live, std::move(order), host);
  } catch (...) {
    dismiss(live->thread_id(), live->run_id());
    throw;
  }
  return live;
}

std::shared_ptr<live_run> engine::find(const std::string& thread_id) const {
  const std::lock_guard lock{mutex_};
  const auto found = runs_.find(thread_id);
  return found == runs_.end() ? nullptr : found->second;
}

}  // namespace mcp::actors
