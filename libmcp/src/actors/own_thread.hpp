#pragma once

#include "actors/caf.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace mcp::actors {

/// Marks the calling thread as one of a runtime's own: it must not wait for actors, and a runtime
/// cannot be destroyed on it. `system` is the one whose actors run on it, if any do.
void mark_own_thread(caf::actor_system* system = nullptr) noexcept;
[[nodiscard]] bool on_own_thread() noexcept;

/// While it lives the calling thread counts as an own one: for a thread that nothing is known of.
class unknown_thread_scope {
 public:
  unknown_thread_scope() noexcept;
  ~unknown_thread_scope();
  unknown_thread_scope(const unknown_thread_scope&) = delete;
  unknown_thread_scope& operator=(const unknown_thread_scope&) = delete;

 private:
  bool before_;
};

/// Around everything that may spawn actors. CAF leaves a count on the system's logger in the memory
/// of a thread that does so, and destroying a system waits until no thread has one; this takes it
/// back.
class spawn_scope {
 public:
  spawn_scope() = default;
  ~spawn_scope();
  spawn_scope(const spawn_scope&) = delete;
  spawn_scope& operator=(const spawn_scope&) = delete;
};

/// Calls `destroy` on a thread of its own. The end of the process waits for it, at most 10 s.
void destroy_elsewhere(std::function<void()> destroy);

/// Deletes here, or elsewhere if the last owner lets go on a thread that may be waited for.
struct careful_delete {
  template <class T>
  void operator()(T* last) const {
    if (on_own_thread()) {
      destroy_elsewhere([last] { delete last; });
    } else {
      delete last;
    }
  }
};

}  // namespace mcp::actors
