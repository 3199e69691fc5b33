#include "actors/lent_thread.hpp"

namespace mcp::actors {
namespace {

/// Messages an actor handles before others have their turn; as in the scheduler.
constexpr std::size_t max_throughput = 100;
/// Actors that wait for this thread; a chain of nodes never needs more.
constexpr std::size_t max_kept_jobs = 1;

}  // namespace

void lent_thread::exec_later(caf::resumable* job) {
  if (jobs_.size() < max_kept_jobs) {
    jobs_.push_back(job);
  } else {
    hand_over(job);
  }
}

void lent_thread::work(const std::atomic<bool>& finished) {
  while (!jobs_.empty()) {
    auto* job = jobs_.front();
    jobs_.pop_front();
    if (finished.load(std::memory_order_acquire)) {
      hand_over(job);
    } else if (job->resume(this, max_throughput) == caf::resumable::resume_later) {
      exec_later(job);
    } else {
      intrusive_ptr_release(job);
    }
  }
}

void lent_thread::hand_over(caf::resumable* job) {
  system().scheduler().enqueue(job);
}

}  // namespace mcp::actors
