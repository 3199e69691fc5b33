#pragma once

#include "core/task.hpp"
#include "mcp/policy.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>

namespace mcp::actors {

/// Watches the scheduler's threads and names in the log whoever still holds one after `patience`:
/// a node that should be declared blocking takes the thread from all runs. Costs two atomic
/// exchanges per call of user code, and a timer while there are calls. Safe from several threads.
class thread_watch {
 public:
  /// Calls back after a time, on any thread.
  using timer = std::function<void(core::instant after, std::function<void()> then)>;

  /// Zero patience: nothing is watched.
  explicit thread_watch(core::instant patience) : patience_(patience) {}
  thread_watch(const thread_watch&) = delete;
  thread_watch& operator=(const thread_watch&) = delete;

  /// Before the first call: what to wake up with.
  void set_timer(timer wake) { wake_ = std::move(wake); }
  /// The calling thread is one of the scheduler's.
  void add_this_thread();
  /// Looks at all threads; those that were at the same call when it looked before are named.
  void look();

  class hold;

 private:
  /// One thread.
  struct place {
    explicit place(thread_watch& owner) : watch(owner) {}
    thread_watch& watch;
    std::atomic<const hold*> holder{nullptr};
    std::atomic<std::uint64_t> turn{0};  ///< counts the calls
    std::atomic<bool> looked_at{false};  ///< the holder must not go
    std::uint64_t seen = 0;              ///< turn at the last look
    std::uint64_t named = 0;             ///< turn that was named in the log
  };

  static place*& this_place() noexcept;
  void arm();
  /// True when the thread is at a call.
  bool look_at(place& one) const;

  const core::instant patience_;
  timer wake_;
  std::atomic<bool> armed_{false};
  std::mutex mutex_;
  std::deque<place> places_;
};

/// Somebody who holds the calling thread, while it lives. Borrows the names.
class thread_watch::hold {
 public:
  /// `kind`: "node", "agent"; empty for a run's own work. `graph` is empty if there is none.
  hold(std::string_view kind, std::string_view name, std::string_view graph);
  ~hold();
  hold(const hold&) = delete;
  hold& operator=(const hold&) = delete;

 private:
  friend class thread_watch;
  void warn(milliseconds after) const;

  place* place_;  ///< null on a thread that is not watched, or held already
  std::string_view kind_;
  std::string_view name_;
  std::string_view graph_;
};

}  // namespace mcp::actors
