#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/postgres_lease.hpp"
#include "store/postgres_session.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace mcp::store {

/// All that a server writes, over one connection, behind the fence of its lease. Safe from several
/// threads; they wait for each other.
class postgres_writer {
 public:
  /// `patience`: for the database's absence while a batch is to be written.
  postgres_writer(postgres_target where, std::chrono::milliseconds patience, postgres_lease& lease);

  void write(std::span<const store_write> batch);
  void copy_thread(const std::string& source, const std::string& target);
  prune_report prune(const std::string& thread_id, std::size_t keep);
  bool delete_thread(const std::string& thread_id);
  void expire_thread(const std::string& thread_id, std::optional<store_time> expires);
  /// Removes a thread if a sweep would; whether it did.
  bool remove_over(const sweep_query& query, const std::string& thread_id);

 private:
  template <class Change>
  void change(const Change& make,
              const std::function<void(const postgres_failure&)>& translate = {});
  template <class Function>
  void once(const Function& function,
            const std::function<void(const postgres_failure&)>& translate);
  [[nodiscard]] bool committed(postgres_connection& connection) const;

  postgres_lease& lease_;
  std::mutex mutex_;
  postgres_session session_;
  std::int64_t batch_ = 0;  ///< number of the last one
};

}  // namespace mcp::store
