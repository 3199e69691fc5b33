#pragma once

#include "store/postgres_lease.hpp"
#include "store/postgres_session.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

namespace mcp::store {

/// The claims of a server, over a connection of their own: who wants a thread need not wait for a
/// batch. They are given back by a thread of this object, so that who ends a run waits for nobody.
/// Safe from several threads.
class postgres_claims {
 public:
  postgres_claims(const postgres_target& where, postgres_lease& lease);
  ~postgres_claims();
  postgres_claims(const postgres_claims&) = delete;
  postgres_claims& operator=(const postgres_claims&) = delete;

  /// Throws `lease_lost`, and what a session throws.
  [[nodiscard]] bool take(const std::string& thread_id);
  void give_back(const std::string& thread_id) noexcept;

 private:
  void give_back_all();

  postgres_lease& lease_;
  std::mutex session_mutex_;  ///< taken before the other
  postgres_session session_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<std::string> over_;  ///< still claimed in the database
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace mcp::store
