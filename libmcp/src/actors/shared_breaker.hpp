#pragma once

#include "core/circuit_breaker.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace mcp::actors {

/// A breaker that nodes of one name share. Safe from several threads.
struct shared_breaker {
  explicit shared_breaker(const breaker_policy& policy) : breaker(policy) {}
  std::mutex mutex;
  core::circuit_breaker breaker;
};

/// An executor's share in a breaker. Actors, which end after their executor, have the breaker
/// alone.
struct breaker_share {
  std::shared_ptr<shared_breaker> breaker;
};

/// The breakers that the executors of a runtime share, by name, as long as one of them lives. Safe
/// from several threads.
class runtime_breakers {
 public:
  /// Throws `invalid_graph` when the name is taken by a breaker with another policy.
  [[nodiscard]] std::shared_ptr<breaker_share> find(const breaker_policy& policy);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<breaker_share>> known_;
};

/// The breakers of a graph and all its subgraphs, by name. Owned by their executor; `find` is used
/// while crews are made.
class breaker_table {
 public:
  explicit breaker_table(runtime_breakers& shared) : shared_(shared) {}
  /// Throws `invalid_graph` when the name is taken by a breaker with another policy.
  [[nodiscard]] std::shared_ptr<shared_breaker> find(const breaker_policy& policy);

 private:
  runtime_breakers& shared_;
  std::unordered_map<std::string, std::shared_ptr<breaker_share>> known_;
};

}  // namespace mcp::actors
