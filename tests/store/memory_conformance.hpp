#pragma once

#include "mcp/memory_store.hpp"

#include <functional>
#include <memory>

namespace mcp::test {

/// Makes a new, empty store with these options.
using memory_factory = std::function<std::shared_ptr<memory_store>(const memory_options&)>;

/// The promises of `memory_store`, as sections of the calling test case.
void check_memory_store(const memory_factory& factory);

}  // namespace mcp::test
