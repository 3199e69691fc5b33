#include "mcp/policy.hpp"

#include "mcp/context.hpp"

namespace mcp {

context_port::~context_port() = default;

void context_port::hold(std::string_view counter, std::int64_t amount) {
  charge(counter, amount);
}

void context_port::release(std::string_view counter, std::int64_t held, std::int64_t used) {
  if (used < held) refund(counter, held - used);
  if (used > held) charge(counter, used - held);
}

std::string context_port::traceparent() const {
  return {};
}

bool default_retry_on(const failure& what) {
  if (what.logic) return false;
  switch (what.error.code()) {
    case errc::invalid_update:
    case errc::invalid_goto:
    case errc::invalid_state:
    case errc::invalid_argument:
    case errc::budget_exceeded:
    case errc::cancelled:
    case errc::circuit_open:
      return false;
    default:
      return true;
  }
}

}  // namespace mcp
