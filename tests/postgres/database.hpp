#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/temporary_folder.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace mcp::test {

/// A PostgreSQL server of the tests' own, in a temporary folder.
class database {
 public:
  /// The one that all tests share; each takes a schema of its own.
  [[nodiscard]] static database& shared();

  database();
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  /// A name that no other test has.
  [[nodiscard]] static std::string new_schema();
  /// Kills it with all it has in its hands; `start` has it recover.
  void kill() const;
  void start();
  /// Runs statements as another program would.
  void run(const std::string& sql) const;

 private:
  temporary_folder folder_;
  std::string target_;
};

/// Of the shared database, with a lease that suits a test.
[[nodiscard]] std::shared_ptr<checkpoint_store> open_postgres(
    const std::string& schema, std::chrono::milliseconds lease = std::chrono::seconds{30});

}  // namespace mcp::test
