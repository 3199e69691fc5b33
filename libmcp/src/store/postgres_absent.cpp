// What stands for the PostgreSQL stores in a build without libpq.
#include "mcp/checkpoint_store.hpp"
#include "mcp/memory_store.hpp"

namespace mcp {
namespace {

[[noreturn]] void refuse() {
  throw error{errc::store_failed,
              "this build has no PostgreSQL store; build it with libpq and MCP_POSTGRES=ON"};
}

}  // namespace

std::shared_ptr<checkpoint_store> postgres_checkpoint_store(const std::string& /*target*/,
                                                            const postgres_options& /*options*/) {
  refuse();
}

std::shared_ptr<memory_store> postgres_memory_store(const std::string& /*target*/,
                                                    memory_options /*options*/,
                                                    const std::string& /*schema*/) {
  refuse();
}

}  // namespace mcp
