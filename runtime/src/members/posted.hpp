#pragma once

#include "net/cluster_actor.hpp"

#include <exception>
#include <future>
#include <type_traits>
#include <utility>

namespace mcp::cluster {

/// An actor of this process that other threads have do things, on its thread of control.
template <class Actor>
class posted {
 public:
  posted() = default;
  template <class... Args>
  explicit posted(caf::actor_system& system, Args&&... args) {
    caf::actor_config config{&system.middleman().backend()};
    actor_ = system.spawn_class<Actor, caf::no_spawn_options>(config, std::forward<Args>(args)...);
  }

  [[nodiscard]] const caf::actor& actor() const noexcept { return actor_; }

  /// `what(Actor&)` later.
  template <class What>
  void post(What what) const {
    self()->box()->post(actor_, [self = self(), what = std::move(what)] { what(*self); });
  }
  /// `what(Actor&)` now: waits for its result. Not from the actor, and not after `end`.
  template <class What>
  auto call(What what) const {
    using result = std::invoke_result_t<What, Actor&>;
    const auto promise = std::make_shared<std::promise<result>>();
    auto made = promise->get_future();
    caf::anon_send(actor_, task_posted{[self = self(), promise, what = std::move(what)] {
                     try {
                       promise->set_value(what(*self));
                     } catch (...) {
                       promise->set_exception(std::current_exception());
                     }
                   }});
    return made.get();
  }
  /// Ends the actor, and waits until it has ended.
  void end() {
    const auto over = std::make_shared<std::promise<void>>();
    auto ended = over->get_future();
    static_cast<caf::abstract_actor*>(self())->attach_functor([over] { over->set_value(); });
    caf::anon_send(actor_, close_message{});
    ended.wait();
    actor_ = nullptr;
  }

 private:
  [[nodiscard]] Actor* self() const {
    return static_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(actor_));
  }

  caf::actor actor_;
};

}  // namespace mcp::cluster
