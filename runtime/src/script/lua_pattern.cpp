#include "script/meter.hpp"
#include "script/pattern.hpp"

#include <cctype>
#include <cstring>
#include <new>
#include <string_view>

#include <lua.hpp>

// Functions that raise Lua errors jump over destructors: nothing here has one.

namespace mcp::cluster {
namespace {

/// Steps of a match that cost as much as an instruction.
constexpr std::int64_t steps_per_instruction = 2;

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(lua, index, &size);
  return {bytes, size};
}

void compile(lua_State* lua, lua_pattern& to, std::string_view pattern, bool anchors = true) {
  const char* wrong = to.compile(pattern, anchors);
  if (wrong != nullptr) luaL_error(lua, "%s", wrong);
}

bool find(lua_State* lua, const lua_pattern& pattern, std::string_view subject, std::size_t from,
          lua_pattern::match& found) {
  auto& used = meter_of(lua);
  const auto before = (used.limits.instructions - used.instructions + 1) * steps_per_instruction;
  auto left = before;
  const auto outcome = pattern.find(subject, from, left, found);
  charge(lua, (before - left) / steps_per_instruction + 1);
  return outcome == lua_pattern::outcome::found;
}

void push_capture(lua_State* lua, std::string_view subject, const lua_pattern::capture& one) {
  if (one.position) {
    lua_pushinteger(lua, static_cast<lua_Integer>(one.start) + 1);
  } else {
    lua_pushlstring(lua, subject.data() + one.start, one.size);
  }
}

void push_whole(lua_State* lua, std::string_view subject, const lua_pattern::match& found) {
  lua_pushlstring(lua, subject.data() + found.start, found.end - found.start);
}

/// The captures, or the whole match where there are none and `whole` is set.
int push_captures(lua_State* lua, std::string_view subject, const lua_pattern::match& found,
                  bool whole) {
  luaL_checkstack(lua, static_cast<int>(lua_pattern::max_captures) + 2, "too many captures");
  if (found.count == 0 && whole) {
    push_whole(lua, subject, found);
    return 1;
  }
  for (std::size_t i = 0; i < found.count; ++i) push_capture(lua, subject, found.captures[i]);
  return static_cast<int>(found.count);
}

/// The optional argument `init` as an offset; beyond the end: size + 1.
std::size_t first_place(lua_State* lua, int index, std::size_t size) {
  const auto given = luaL_optinteger(lua, index, 1);
  const auto length = static_cast<lua_Integer>(size);
  if (given > 0)
    return given > length ? (given == length + 1 ? size : size + 1)
                          : static_cast<std::size_t>(given - 1);
  if (given == 0 || given < -length) return 0;
  return static_cast<std::size_t>(length + given);
}

int find_plain(lua_State* lua, std::string_view subject, std::string_view wanted,
               std::size_t from) {
  charge(lua, static_cast<lua_Integer>(subject.size() / 16) + 1);
  const void* found = wanted.empty() ? subject.data() + from
                                     : ::memmem(subject.data() + from, subject.size() - from,
                                                wanted.data(), wanted.size());
  if (found == nullptr) {
    lua_pushnil(lua);
    return 1;
  }
  const auto start = static_cast<const char*>(found) - subject.data();
  lua_pushinteger(lua, start + 1);
  lua_pushinteger(lua, start + static_cast<lua_Integer>(wanted.size()));
  return 2;
}

int search(lua_State* lua, bool places) {
  const auto subject = text_at(lua, 1);
  const auto wanted = text_at(lua, 2);
  const auto from = first_place(lua, 3, subject.size());
  if (from > subject.size()) {
    lua_pushnil(lua);
    return 1;
  }
  if (places && lua_toboolean(lua, 4) != 0) return find_plain(lua, subject, wanted, from);
  lua_pattern pattern;
  compile(lua, pattern, wanted);
  lua_pattern::match found;
  if (!find(lua, pattern, subject, from, found)) {
    lua_pushnil(lua);
    return 1;
  }
  if (!places) return push_captures(lua, subject, found, true);
  lua_pushinteger(lua, static_cast<lua_Integer>(found.start) + 1);
  lua_pushinteger(lua, static_cast<lua_Integer>(found.end));
  return 2 + push_captures(lua, subject, found, false);
}

int string_find(lua_State* lua) {
  return search(lua, true);
}

int string_match(lua_State* lua) {
  return search(lua, false);
}

struct iteration {
  lua_pattern pattern;
  std::size_t next = 0;
  std::size_t last_end = static_cast<std::size_t>(-1);
};

/// Upvalues: the subject, the iteration.
int next_match(lua_State* lua) {
  std::size_t size = 0;
  const char* bytes = lua_tolstring(lua, lua_upvalueindex(1), &size);
  const std::string_view subject{bytes, size};
  auto& state = *static_cast<iteration*>(lua_touserdata(lua, lua_upvalueindex(2)));
  while (state.next <= size) {
    lua_pattern::match found;
    if (!find(lua, state.pattern, subject, state.next, found)) break;
    if (found.end == state.last_end) {
      state.next = found.start + 1;
      continue;
    }
    state.next = state.last_end = found.end;
    return push_captures(lua, subject, found, true);
  }
  state.next = size + 1;
  lua_pushnil(lua);
  return 1;
}

int string_gmatch(lua_State* lua) {
  const auto subject = text_at(lua, 1);
  const auto wanted = text_at(lua, 2);
  const auto from = first_place(lua, 3, subject.size());
  lua_settop(lua, 2);
  lua_pushvalue(lua, 1);
  auto* state = ::new (lua_newuserdatauv(lua, sizeof(iteration), 0)) iteration;
  compile(lua, state->pattern, wanted, false);
  state->next = from;
  lua_pushcclosure(lua, next_match, 2);
  return 1;
}

/// Adds a replacement with its "%1".
void add_template(lua_State* lua, luaL_Buffer& to, std::string_view subject,
                  const lua_pattern::match& found, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      luaL_addchar(&to, text[i]);
      continue;
    }
    const char c = ++i < text.size() ? text[i] : '\0';
    if (c == '%') {
      luaL_addchar(&to, '%');
    } else if (c == '0' || (c == '1' && found.count == 0)) {
      luaL_addlstring(&to, subject.data() + found.start, found.end - found.start);
    } else if (c >= '1' && c <= '9' && static_cast<std::size_t>(c - '1') < found.count) {
      push_capture(lua, subject, found.captures[static_cast<std::size_t>(c - '1')]);
      static_cast<void>(luaL_tolstring(lua, -1, nullptr));
      lua_remove(lua, -2);
      luaL_addvalue(&to);
    } else {
      luaL_error(lua, "invalid use of '%%' in the replacement");
    }
  }
}

void add_replacement(lua_State* lua, luaL_Buffer& to, std::string_view subject,
                     const lua_pattern::match& found, int type) {
  const auto whole = subject.substr(found.start, found.end - found.start);
  if (type == LUA_TSTRING || type == LUA_TNUMBER) {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(lua, 3, &size);
    return add_template(lua, to, subject, found, {bytes, size});
  }
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(lua, 3);
    lua_call(lua, push_captures(lua, subject, found, true), 1);
  } else {
    if (found.count == 0) {
      push_whole(lua, subject, found);
    } else {
      push_capture(lua, subject, found.captures[0]);
    }
    lua_gettable(lua, 3);
  }
  if (lua_toboolean(lua, -1) == 0) {
    lua_pop(lua, 1);
    return luaL_addlstring(&to, whole.data(), whole.size());
  }
  if (lua_isstring(lua, -1) == 0) {
    luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
  }
  luaL_addvalue(&to);
}

int string_gsub(lua_State* lua) {
  const auto subject = text_at(lua, 1);
  const auto wanted = text_at(lua, 2);
  const int type = lua_type(lua, 3);
  luaL_argexpected(
      lua,
      type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
      "string/function/table");
  const auto most = luaL_optinteger(lua, 4, static_cast<lua_Integer>(subject.size()) + 1);
  lua_pattern pattern;
  compile(lua, pattern, wanted);
  const bool anchored = !wanted.empty() && wanted.front() == '^';
  luaL_Buffer result;
  luaL_buffinit(lua, &result);
  std::size_t at = 0;
  std::size_t last_end = static_cast<std::size_t>(-1);
  lua_Integer count = 0;
  std::size_t from = 0;
  while (count < most && from <= subject.size()) {
    lua_pattern::match found;
    if (!find(lua, pattern, subject, from, found)) break;
    if (found.end != last_end) {
      luaL_addlstring(&result, subject.data() + at, found.start - at);
      add_replacement(lua, result, subject, found, type);
      ++count;
      at = last_end = from = found.end;
    } else {
      from = found.start + 1;
    }
    if (anchored) break;
  }
  luaL_addlstring(&result, subject.data() + at, subject.size() - at);
  luaL_pushresult(&result);
  lua_pushinteger(lua, count);
  return 2;
}

}  // namespace

void open_patterns(lua_State* lua) {
  lua_getglobal(lua, "string");
  lua_pushcfunction(lua, string_find);
  lua_setfield(lua, -2, "find");
  lua_pushcfunction(lua, string_match);
  lua_setfield(lua, -2, "match");
  lua_pushcfunction(lua, string_gmatch);
  lua_setfield(lua, -2, "gmatch");
  lua_pushcfunction(lua, string_gsub);
  lua_setfield(lua, -2, "gsub");
  lua_pop(lua, 1);
}

}  // namespace mcp::cluster
