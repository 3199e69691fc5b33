#include "core/circuit_breaker.hpp"

namespace mcp::core {

bool circuit_breaker::admit(instant now) {
  if (state_ == state::open && now - opened_ >= policy_.cool_down) {
    state_ = state::half_open;
    probing_ = 0;
    recovered_ = 0;
  }
  if (state_ == state::closed) return true;
  // A probe that never came back must not keep the breaker half-open for ever.
  if (state_ == state::half_open && now - opened_ >= 2 * policy_.cool_down) {
    opened_ = now - policy_.cool_down;
    probing_ = recovered_;
  }
  if (state_ == state::open || probing_ >= policy_.probes) return false;
  ++probing_;
  return true;
}

void circuit_breaker::succeeded() {
  failures_ = 0;
  if (state_ == state::half_open && ++recovered_ >= policy_.probes) state_ = state::closed;
}

void circuit_breaker::withdrawn() {
  if (state_ == state::half_open && probing_ > 0) --probing_;
}

void circuit_breaker::failed(instant now) {
  if (state_ == state::half_open) return open(now);
  if (state_ == state::closed && ++failures_ >= policy_.failure_threshold) open(now);
}

void circuit_breaker::open(instant now) {
  state_ = state::open;
  failures_ = 0;
  opened_ = now;
}

}  // namespace mcp::core
