#pragma once

#include "mcp/memory_store.hpp"

#include <cstddef>
#include <string>

struct lua_State;

namespace mcp::cluster {

/// Most calls of `memory` by one script.
inline constexpr std::size_t max_memory_calls = 100;
/// Most items that one of its searches returns.
inline constexpr std::size_t max_recalled = 100;

/// What the table `memory` of a script works on.
struct script_memory {
  memory_store* store = nullptr;  ///< null: calls fail with `no_store`
  memory_namespace root{};        ///< before each namespace of the script
  std::string task{};             ///< keys that the script does not choose begin with it
  std::size_t calls = 0;
};

/// Adds the table `memory`: remember, recall, get, forget. The meter has a `script_memory`. Raises.
void open_memory(lua_State* lua);

}  // namespace mcp::cluster
