#include "floors.hpp"

#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

struct timer {
  clock::time_point due;
  std::size_t number;
  bool operator<(const timer& other) const { return due > other.due; }
};

// Timers in one heap, served by one thread until `count` of them have fired.
class timer_heap {
 public:
  explicit timer_heap(std::size_t count) : left_(count), thread_([this] { serve(); }) {}
  ~timer_heap() { thread_.join(); }
  timer_heap(const timer_heap&) = delete;
  timer_heap& operator=(const timer_heap&) = delete;

  void set(timer added) {
    const std::lock_guard lock(mutex_);
    const bool first = heap_.empty() || added.due < heap_.top().due;
    heap_.push(added);
    if (first) changed_.notify_one();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (left_ > 0) {
      if (heap_.empty()) {
        changed_.wait(lock);
      } else if (const clock::time_point due = heap_.top().due; due > clock::now()) {
        changed_.wait_until(lock, due);
      } else {
        heap_.pop();
        --left_;
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<timer> heap_;
  std::size_t left_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace

double timer_wall(std::size_t count, std::chrono::milliseconds delay) {
  return microseconds_of([&] {
           timer_heap timers(count);
           for (std::size_t i = 0; i < count; ++i) timers.set({clock::now() + delay, i});
         }) /
         1000;
}

}  // namespace bench
