#include "actors/runtime.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace mcp::actors {
namespace {

/// One thread and an ordered list of wishes.
class timer_thread final : public timer_port {
 public:
  explicit timer_thread(clock_port& clock) : clock_(clock), thread_([this] { loop(); }) {}
  ~timer_thread() override { stop(); }

  id at(core::instant due, std::function<void()> callback) override {
    const std::lock_guard lock{mutex_};
    const auto made = ++last_id_;
    if (stopping_) return made;
    const auto place = wishes_.emplace(std::pair{due, made}, std::move(callback)).first;
    due_of_.emplace(made, due);
    if (place == wishes_.begin()) changed_.notify_one();
    return made;
  }

  bool cancel(id which) override {
    const std::lock_guard lock{mutex_};
    const auto found = due_of_.find(which);
    if (found == due_of_.end()) return false;
    wishes_.erase({found->second, which});
    due_of_.erase(found);
    return true;
  }

  void stop() override {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    // What the callbacks own may not outlive the actors they were for.
    decltype(wishes_) forgotten;
    const std::lock_guard lock{mutex_};
    forgotten.swap(wishes_);
    due_of_.clear();
  }

 private:
  void loop() {
    mark_own_thread();
    std::unique_lock lock{mutex_};
    while (!stopping_) {
      if (wishes_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto first = wishes_.begin();
      const auto now = clock_.now();
      if (first->first.first > now) {
        changed_.wait_for(lock, first->first.first - now);
        continue;
      }
      const auto callback = std::move(first->second);
      due_of_.erase(first->first.second);
      wishes_.erase(first);
      lock.unlock();
      callback();
      lock.lock();
    }
  }

  clock_port& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<core::instant, id>, std::function<void()>> wishes_;
  std::unordered_map<id, core::instant> due_of_;
  id last_id_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<timer_port> make_timer_thread(clock_port& clock) {
  return std::make_unique<timer_thread>(clock);
}

}  // namespace mcp::actors
