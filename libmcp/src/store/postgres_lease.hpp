#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/lease_rules.hpp"
#include "store/postgres_session.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mcp::store {

/// A server's row in `servers`, kept alive by a thread of its own until this is destroyed. Safe
/// from several threads.
class postgres_lease {
 public:
  /// Inserts the row. Throws what a session throws.
  postgres_lease(const postgres_target& where, const std::string& name,
                 std::chrono::milliseconds lease);
  ~postgres_lease();
  postgres_lease(const postgres_lease&) = delete;
  postgres_lease& operator=(const postgres_lease&) = delete;

  [[nodiscard]] std::int64_t server() const noexcept { return server_; }
  /// The name of the session that writes for a server: who takes over ends it first.
  [[nodiscard]] static std::string session_of(std::int64_t server);
  [[nodiscard]] bool lost() const noexcept { return lost_.load(std::memory_order_acquire); }
  /// From a write that was fenced, or given up.
  void lose();
  /// Empty while it is renewed as often as it should be.
  [[nodiscard]] std::string trouble() const;
  /// `lease_lost`.
  [[nodiscard]] error loss() const;
  /// `told` is called from the lease's thread until the returned object is gone.
  [[nodiscard]] std::shared_ptr<void> watch(std::function<void(store_news)> told);

 private:
  struct watchers;

  void keep();
  void round(postgres_connection& connection);
  [[nodiscard]] bool take_over(postgres_connection& connection) const;
  void wait(postgres_connection* connection, std::chrono::milliseconds within);
  void leave() noexcept;

  postgres_target where_;
  std::chrono::milliseconds lease_;
  lease_rules rules_;
  std::int64_t server_ = 0;
  std::atomic<bool> lost_{false};
  std::atomic<bool> ending_{false};
  std::atomic<std::chrono::milliseconds::rep> renewed_;  ///< when it was the last time
  int wake_ = -1;                                        ///< an eventfd
  std::shared_ptr<watchers> watchers_;
  std::thread thread_;
};

}  // namespace mcp::store
