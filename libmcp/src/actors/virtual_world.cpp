#include "actors/simulated_world.hpp"
#include "mcp/testkit_world.hpp"

#include <utility>

namespace mcp::testkit {

struct virtual_world::inside {
  explicit inside(std::uint64_t seed) : world(seed, true), began(world.exact_now()) {}
  actors::simulated_world world;
  const core::instant began;
};

virtual_world::virtual_world(std::uint64_t seed) : inside_(std::make_unique<inside>(seed)) {}
virtual_world::~virtual_world() = default;

actor_runtime virtual_world::runtime() const {
  return inside_->world.runtime();
}

milliseconds virtual_world::elapsed() const {
  return std::chrono::floor<milliseconds>(inside_->world.exact_now() - inside_->began);
}

void virtual_world::after(milliseconds delay, std::function<void()> what) {
  inside_->world.after(delay, std::move(what));
}

void virtual_world::run() {
  inside_->world.run();
}

void virtual_world::advance(milliseconds time) {
  inside_->world.run_until(inside_->world.exact_now() + time);
}

}  // namespace mcp::testkit
