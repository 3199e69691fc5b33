#include "actors/own_thread.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace mcp::actors {
namespace {

thread_local bool own_thread = false;
thread_local caf::actor_system* own_system = nullptr;

/// How long the end of the process waits for what is being destroyed.
constexpr std::chrono::seconds patience{10};

/// What is being destroyed now. Never destroyed itself: the last owner may be a static object.
struct destructions {
  std::mutex mutex{};
  std::condition_variable changed{};
  std::size_t under_way = 0;

  static destructions& all() {
    static auto* const one = [] {
      std::atexit([] { all().wait(); });
      return new destructions;
    }();
    return *one;
  }
  void wait() {
    std::unique_lock lock{mutex};
    changed.wait_for(lock, patience, [this] { return under_way == 0; });
  }
  void ended() {
    const std::lock_guard lock{mutex};
    --under_way;
    changed.notify_all();
  }
};

}  // namespace

void mark_own_thread(caf::actor_system* system) noexcept {
  own_thread = true;
  own_system = system;
}

bool on_own_thread() noexcept {
  return own_thread;
}

unknown_thread_scope::unknown_thread_scope() noexcept : before_(std::exchange(own_thread, true)) {}
unknown_thread_scope::~unknown_thread_scope() {
  own_thread = before_;
}

spawn_scope::~spawn_scope() {
  caf::logger::set_current_actor_system(own_system);
}

void destroy_elsewhere(std::function<void()> destroy) {
  auto& all = destructions::all();
  {
    const std::lock_guard lock{all.mutex};
    ++all.under_way;
  }
  std::thread{[&all, destroy = std::move(destroy)]() mutable {
    destroy();
    destroy = nullptr;
    all.ended();
  }}.detach();
}

}  // namespace mcp::actors
