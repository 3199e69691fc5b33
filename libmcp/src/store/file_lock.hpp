#pragma once

#include <string>

namespace mcp::store {

/// Says that this process owns a file: an exclusive lock on `<path>.lock`, which holds the owner's
/// process id. The lock ends with the object, and with the process however that ends.
class file_lock {
 public:
  /// Throws `store_failed` when the lock file cannot be made or somebody else holds it.
  explicit file_lock(const std::string& path);
  ~file_lock();
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace mcp::store
