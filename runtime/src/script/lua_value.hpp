#pragma once

#include <cstddef>

#include <nlohmann/json.hpp>

struct lua_State;

namespace mcp {
class json_state;
}

namespace mcp::cluster {

/// Pushes a JSON value as a Lua value. Raises Lua errors: call it inside of a protected call, and
/// with nothing on the way that needs a destructor.
void push_json(lua_State* lua, const nlohmann::json& content, int depth = 0);
/// Pushes a table that reads the fields of a state, which must outlive it. Raises as `push_json`.
void push_state(lua_State* lua, const json_state& state);
/// Pops a table and pushes the same table, marked as a list even when it is empty. Raises.
void mark_list(lua_State* lua);
/// Makes the mark that `mark_list` uses; once for each interpreter. Raises.
void make_list_mark(lua_State* lua);

/// The Lua value at the top of the stack as JSON; leaves it there. Raises no Lua errors. Throws
/// `script_failed` for functions, numbers that are not finite, texts that are not UTF-8, tables
/// that mix list and object, and values beyond the limits or beyond `max_bytes` of texts.
[[nodiscard]] nlohmann::json read_json(lua_State* lua, std::size_t max_bytes);

}  // namespace mcp::cluster
