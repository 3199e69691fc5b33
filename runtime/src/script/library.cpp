#include "mcp/update.hpp"
#include "script/lua_value.hpp"
#include "script/meter.hpp"

#include <array>
#include <cstdio>
#include <exception>

#include <lua.hpp>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

/// JSON is a tree of small blocks: this many times the text at most.
constexpr std::size_t memory_of_json = 16;

int repeat(lua_State* lua) {
  std::size_t size = 0;
  std::size_t between = 0;
  const char* text = luaL_checklstring(lua, 1, &size);
  const auto times = luaL_checkinteger(lua, 2);
  const char* separator = luaL_optlstring(lua, 3, "", &between);
  const auto piece = size + between;
  if (times <= 0 || piece == 0) {
    lua_pushliteral(lua, "");
    return 1;
  }
  const auto most = meter_of(lua).limits.memory / piece;
  if (static_cast<std::size_t>(times) > most) return luaL_error(lua, "the text gets too large");
  charge(lua, times);
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  for (lua_Integer i = 0; i < times; ++i) {
    if (i > 0) luaL_addlstring(&buffer, separator, between);
    luaL_addlstring(&buffer, text, size);
  }
  luaL_pushresult(&buffer);
  return 1;
}

int encode_json(lua_State* lua) {
  luaL_checkany(lua, 1);
  lua_settop(lua, 1);
  auto& used = meter_of(lua);
  std::array<char, 400> reason{};
  try {
    used.text = read_json(lua, used.limits.memory).dump();
  } catch (const std::exception& failed) {
    static_cast<void>(std::snprintf(reason.data(), reason.size(), "%s", failed.what()));
  }
  if (reason[0] != '\0') return luaL_error(lua, "json.encode: %s", reason.data());
  charge(lua, static_cast<lua_Integer>(used.text.size()));
  lua_pushlstring(lua, used.text.data(), used.text.size());
  used.text.clear();
  return 1;
}

int decode_json(lua_State* lua) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(lua, 1, &size);
  auto& used = meter_of(lua);
  if (size > used.limits.memory / memory_of_json) {
    return luaL_error(lua, "json.decode: the text is too large");
  }
  charge(lua, static_cast<lua_Integer>(size));
  std::array<char, 400> reason{};
  try {
    used.scratch = json::parse(text, text + size);
  } catch (const std::exception& failed) {
    static_cast<void>(std::snprintf(reason.data(), reason.size(), "%s", failed.what()));
  }
  if (reason[0] != '\0') return luaL_error(lua, "json.decode: %s", reason.data());
  push_json(lua, used.scratch);
  if (used.scratch.is_null()) {
    lua_pop(lua, 1);
    lua_pushlightuserdata(lua, nullptr);
  }
  used.scratch = nullptr;
  return 1;
}

int make_list(lua_State* lua) {
  if (lua_isnoneornil(lua, 1)) {
    lua_settop(lua, 0);
    lua_newtable(lua);
  }
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 1);
  mark_list(lua);
  return 1;
}

/// Removes what reaches files, other code, or past the limits: finalizers of metatables run
/// without the count of instructions, and some loops of the libraries have no bound.
void remove_unsafe(lua_State* lua) {
  static constexpr std::array globals{"_G",       "collectgarbage", "dofile",       "getmetatable",
                                      "load",     "loadfile",       "loadstring",   "print",
                                      "rawequal", "rawget",         "rawset",       "require",
                                      "warn",     "xpcall",         "setmetatable", "rawlen"};
  for (const auto* name : globals) {
    lua_pushnil(lua);
    lua_setglobal(lua, name);
  }
  lua_getglobal(lua, "string");
  lua_pushnil(lua);
  lua_setfield(lua, -2, "dump");
  lua_pop(lua, 1);
  lua_getglobal(lua, "table");
  lua_pushnil(lua);
  lua_setfield(lua, -2, "move");
  lua_pop(lua, 1);
}

void add_own(lua_State* lua) {
  lua_getglobal(lua, "string");
  lua_pushcfunction(lua, repeat);
  lua_setfield(lua, -2, "rep");
  lua_pop(lua, 1);
  lua_createtable(lua, 0, 2);
  lua_pushcfunction(lua, encode_json);
  lua_setfield(lua, -2, "encode");
  lua_pushcfunction(lua, decode_json);
  lua_setfield(lua, -2, "decode");
  lua_setglobal(lua, "json");
  lua_pushcfunction(lua, make_list);
  lua_setglobal(lua, "list");
  lua_pushlightuserdata(lua, nullptr);
  lua_setglobal(lua, "null");
  lua_pushstring(lua, mcp::end);
  lua_setglobal(lua, "END");
}

}  // namespace

void open_libraries(lua_State* lua) {
  static constexpr std::array<luaL_Reg, 5> libraries{{{LUA_GNAME, luaopen_base},
                                                      {LUA_STRLIBNAME, luaopen_string},
                                                      {LUA_TABLIBNAME, luaopen_table},
                                                      {LUA_MATHLIBNAME, luaopen_math},
                                                      {LUA_UTF8LIBNAME, luaopen_utf8}}};
  for (const auto& library : libraries) {
    luaL_requiref(lua, library.name, library.func, 1);
    lua_pop(lua, 1);
  }
  make_list_mark(lua);
  remove_unsafe(lua);
  open_patterns(lua);
  add_own(lua);
}

}  // namespace mcp::cluster
