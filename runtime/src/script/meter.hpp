#pragma once

#include "script/memory_library.hpp"
#include "script/script.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

struct lua_State;

namespace mcp::cluster {

/// What a call has used of its limits, and what its library functions keep while Lua may jump.
struct meter {
  script_limits limits{};
  std::size_t memory = 0;
  std::size_t allocated = 0;  ///< bytes ever, those of freed blocks too
  std::int64_t instructions = 0;
  std::chrono::steady_clock::time_point until{};
  const char* exhausted = nullptr;      ///< the limit that was reached; it stays so
  script_memory* remembered = nullptr;  ///< what the table `memory` works on
  nlohmann::json scratch{};
  std::string text{};
};

/// The meter of an interpreter.
[[nodiscard]] meter& meter_of(lua_State* lua) noexcept;
/// Charges work that a library function is about to do. Raises a Lua error beyond the limits.
void charge(lua_State* lua, std::int64_t instructions);
/// Opens the libraries that scripts may use. Raises.
void open_libraries(lua_State* lua);
/// Replaces the pattern functions of the open library `string` by ones that are charged. Raises.
void open_patterns(lua_State* lua);

}  // namespace mcp::cluster
