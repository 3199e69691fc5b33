#include "actors/runtime.hpp"

#include "actors/store_writer.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

namespace mcp::actors {
namespace {

std::size_t default_threads() {
  return std::max(2U, std::thread::hardware_concurrency());
}

}  // namespace

std::shared_ptr<runtime> make_runtime(const runtime_options& options) {
  return {new runtime{options}, careful_delete{}};
}

/// Marks CAF's threads.
class own_thread_hook final : public caf::thread_hook {
 public:
  explicit own_thread_hook(thread_watch& watch) : watch_(watch) {}
  void init(caf::actor_system& system) override { system_ = &system; }
  void thread_started() override {
    mark_own_thread(system_);
    watch_.add_this_thread();
  }
  void thread_terminates() override {}

 private:
  thread_watch& watch_;
  caf::actor_system* system_ = nullptr;
};

struct runtime::config : caf::actor_system_config {
  explicit config(thread_watch& watch) {
    add_message_types<caf::id_block::mcp_actors>();
    add_thread_hook<own_thread_hook>(std::ref(watch));
  }
};

runtime::runtime(const runtime_options& options)
    : options_(options),
      watch_(options.slow_node_warning),
      config_(std::make_unique<config>(watch_)),
      clock_(make_system_clock()) {
  if (options_.scheduler_threads == 0) options_.scheduler_threads = default_threads();
  start("sharing");
  timer_ = make_timer_thread(*clock_);
  workers_ = make_worker_pool(options_.blocking_threads, options_.blocking_queue);
  watch_.set_timer([this](core::instant after, std::function<void()> then) {
    static_cast<void>(timer_->at(clock_->now() + after, std::move(then)));
  });
}

runtime::runtime(const runtime_options& options, test_ports ports)
    : options_(options),
      drive_(std::move(ports.drive)),
      watch_(core::instant{0}),  // nothing holds a thread that only the test moves
      config_(std::make_unique<config>(watch_)),
      clock_(std::move(ports.clock)) {
  if (options_.scheduler_threads == 0) options_.scheduler_threads = 2;
  start("testing");
  timer_ = std::move(ports.timer);
  workers_ = std::move(ports.workers);
}

void runtime::start(const char* policy) {
  const spawn_scope scope;
  config_->set("scheduler.policy", caf::atom_from_string({policy, std::strlen(policy)}));
  config_->set("scheduler.max-threads", options_.scheduler_threads);
  config_->set("scheduler.max-throughput", std::size_t{100});
  system_ = std::make_unique<caf::actor_system>(*config_);
}

runtime::~runtime() {
  const spawn_scope scope;
  // First whoever may still send into the system, then the system itself, whose last actors may
  // still turn to the timer and the workers.
  if (timer_) timer_->stop();
  if (workers_) workers_->stop();
  system_.reset();
  lent_.clear();
}

std::unique_ptr<lent_thread> runtime::take_lent_thread() {
  const std::lock_guard lock{mutex_};
  if (lent_.empty()) return std::make_unique<lent_thread>(*system_);
  auto lent = std::move(lent_.back());
  lent_.pop_back();
  return lent;
}

void runtime::give_back(std::unique_ptr<lent_thread> lent) {
  const std::lock_guard lock{mutex_};
  lent_.push_back(std::move(lent));
}

writer_lease runtime::writer_for(std::shared_ptr<checkpoint_store> store) {
  const std::lock_guard lock{mutex_};
  for (auto& known : writers_) {
    if (known.writer->store() != store) continue;
    ++known.users;
    return {*this, known.writer};
  }
  auto made = std::make_shared<store_writer>(*this, std::move(store));
  writers_.push_back({made, 1});
  return {*this, std::move(made)};
}

void runtime::give_back_writer(const std::shared_ptr<store_writer>& writer) {
  {
    const std::lock_guard lock{mutex_};
    const auto known = std::find_if(writers_.begin(), writers_.end(),
                                    [&](const auto& one) { return one.writer == writer; });
    if (--known->users > 0) return;
    writers_.erase(known);
  }
  writer->close();
}

}  // namespace mcp::actors

namespace mcp {

actor_runtime::actor_runtime(const runtime_options& options)
    : runtime_(actors::make_runtime(options)) {}

actor_runtime actor_runtime::shared() {
  static std::mutex mutex;
  static std::weak_ptr<actors::runtime> known;
  const std::lock_guard lock{mutex};
  auto found = known.lock();
  if (!found) known = found = actors::make_runtime({});
  return actor_runtime{std::move(found)};
}

}  // namespace mcp
