#include "actors/shared_breaker.hpp"

#include "mcp/error.hpp"

namespace mcp::actors {
namespace {

std::shared_ptr<breaker_share> fresh_share(const breaker_policy& policy) {
  return std::make_shared<breaker_share>(breaker_share{std::make_shared<shared_breaker>(policy)});
}

}  // namespace

std::shared_ptr<breaker_share> runtime_breakers::find(const breaker_policy& policy) {
  const std::lock_guard lock{mutex_};
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = known_[policy.name];
  if (auto alive = known.lock()) {
    if (alive->breaker->breaker.policy() == policy) return alive;
    throw error{errc::invalid_graph, "another executor shares the breaker \"" + policy.name +
                                         "\" and says something else of it; give both the same "
                                         "breaker_policy, or the breakers different names"};
  }
  auto made = fresh_share(policy);
  known = made;
  return made;
}

std::shared_ptr<shared_breaker> breaker_table::find(const breaker_policy& policy) {
  auto& known = known_[policy.name];
  if (!known) {
    known = policy.across_executors ? shared_.find(policy) : fresh_share(policy);
  } else if (known->breaker->breaker.policy() != policy) {
    throw error{errc::invalid_graph, "two nodes share the breaker \"" + policy.name +
                                         "\" and say different things of it; give both the same "
                                         "breaker_policy, or the breakers different names"};
  }
  return known->breaker;
}

}  // namespace mcp::actors
