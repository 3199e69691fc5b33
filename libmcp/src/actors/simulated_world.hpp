#pragma once

#include "actors/runtime.hpp"
#include "mcp/executor_base.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include <caf/scheduler/test_coordinator.hpp>

namespace mcp::actors {

/// Real actors on CAF's test scheduler: which actor handles its next message, which blocking job
/// runs, and when time moves is chosen by a seed. Everything happens on the test's own thread.
/// Behind the testkit's `virtual_world`, and the tests of the actors themselves.
class simulated_world {
 public:
  /// `patient`: time moves only when there is nothing else to do, so that what happens when is
  /// exact.
  explicit simulated_world(std::uint64_t seed, bool patient = false)
      : choice_(seed), chance_(seed ^ 0x9e3779b97f4a7c15U), patient_(patient) {
    test_ports ports;
    ports.clock = std::make_unique<clock>(*this);
    ports.timer = std::make_unique<timer>(*this);
    ports.workers = std::make_unique<workers>(*this);
    ports.drive = [this] { run(); };
    runtime_ = std::make_shared<actors::runtime>(runtime_options{}, std::move(ports));
    scheduler_ = &dynamic_cast<caf::scheduler::test_coordinator&>(runtime_->system().scheduler());
  }

  [[nodiscard]] actor_runtime runtime() const { return actor_runtime{runtime_}; }
  [[nodiscard]] executor_options options(std::shared_ptr<checkpoint_store> store = {}) const {
    return {.store = std::move(store), .runtime = runtime()};
  }
  [[nodiscard]] milliseconds now() const { return std::chrono::floor<milliseconds>(now_); }
  [[nodiscard]] std::uint64_t random() { return chance_(); }

  /// `task` is done once, as the world's step number `step` or when nothing else is left.
  void at_step(std::size_t step, std::function<void()> task) {
    disturbances_.emplace(step_ + step, std::move(task));
  }
  /// `task` is done at this time from now.
  void after(milliseconds delay, std::function<void()> task) { add_timer(now_ + delay, task); }
  /// Until nothing is left to do, now or later.
  void run() {
    while (one_step()) {
    }
  }

  /// What is due until then.
  void run_until(core::instant time) {
    while (!scheduler_->jobs.empty() || !jobs_.empty() ||
           (!timers_.empty() && timers_.begin()->first.first <= time)) {
      one_step();
    }
    now_ = std::max(now_, time);
  }
  [[nodiscard]] core::instant exact_now() const { return now_; }

  /// One message, job, timer or disturbance; false when nothing is left.
  bool one_step() {
    ++step_;
    if (!disturbances_.empty() && (disturbances_.begin()->first <= step_ || idle())) {
      auto task = std::move(disturbances_.begin()->second);
      disturbances_.erase(disturbances_.begin());
      task();
      return true;
    }
    const auto ready = scheduler_->jobs.size() + jobs_.size();
    // Time moves now and then while there is work to do: a slow machine.
    const bool hurry = !patient_ && !timers_.empty() && choice_() % 64 == 0;
    if (ready == 0 || hurry) return fire_timer();
    const auto pick = choice_() % ready;
    if (pick < scheduler_->jobs.size()) {
      auto& all = scheduler_->jobs;
      std::swap(all[0], all[pick]);
      scheduler_->run_once();
    } else {
      const auto chosen =
          jobs_.begin() + static_cast<std::ptrdiff_t>(pick - scheduler_->jobs.size());
      const auto job = std::move(*chosen);
      jobs_.erase(chosen);
      job();
    }
    return true;
  }

 private:
  [[nodiscard]] bool idle() const {
    return scheduler_->jobs.empty() && jobs_.empty() && timers_.empty();
  }
  bool fire_timer() {
    if (timers_.empty()) return false;
    const auto first = timers_.begin();
    now_ = std::max(now_, first->first.first);
    const auto callback = std::move(first->second);
    timers_.erase(first);
    callback();
    return true;
  }
  std::uint64_t add_timer(core::instant due, std::function<void()> callback) {
    timers_.emplace(std::pair{due, ++last_timer_}, std::move(callback));
    return last_timer_;
  }

  class clock final : public clock_port {
   public:
    explicit clock(simulated_world& world) : world_(world) {}
    core::instant now() override { return world_.now_; }
    store_time wall() override {
      return store_time{} + std::chrono::floor<milliseconds>(world_.now_);
    }
    std::uint64_t random() override { return world_.chance_(); }

   private:
    simulated_world& world_;
  };
  class timer final : public timer_port {
   public:
    explicit timer(simulated_world& world) : world_(world) {}
    id at(core::instant due, std::function<void()> callback) override {
      return world_.add_timer(due, std::move(callback));
    }
    bool cancel(id which) override {
      return std::erase_if(world_.timers_,
                           [&](const auto& one) { return one.first.second == which; }) > 0;
    }

   private:
    simulated_world& world_;
  };
  class workers final : public worker_port {
   public:
    explicit workers(simulated_world& world) : world_(world) {}
    [[nodiscard]] bool submit(std::function<void()> job) override {
      world_.jobs_.push_back(std::move(job));
      return true;
    }

   private:
    simulated_world& world_;
  };

  std::mt19937_64 choice_;
  std::mt19937_64 chance_;
  bool patient_;
  core::instant now_{std::chrono::hours{1}};
  std::size_t step_ = 0;
  std::uint64_t last_timer_ = 0;
  std::multimap<std::size_t, std::function<void()>> disturbances_;
  std::map<std::pair<core::instant, std::uint64_t>, std::function<void()>> timers_;
  std::deque<std::function<void()>> jobs_;
  std::shared_ptr<actors::runtime> runtime_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
};

}  // namespace mcp::actors
