#include "script/lua_value.hpp"

#include "mcp/json.hpp"
#include "script/script.hpp"
#include "script/utf8.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <lua.hpp>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

const char list_mark = 0;  // its address is the key of the registry

void push_text(lua_State* lua, const std::string& text) {
  lua_pushlstring(lua, text.data(), text.size());
}

void check_room(lua_State* lua, int depth) {
  if (depth > max_script_depth) {
    luaL_error(lua, "the value is nested deeper than %d levels", max_script_depth);
  }
  luaL_checkstack(lua, 6, "the value is nested too deep");
}

int clamped(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, max_script_entries));
}

void push_array(lua_State* lua, const json::array_t& items, int depth) {
  lua_createtable(lua, clamped(items.size()), 0);
  lua_Integer index = 0;
  for (const auto& item : items) {
    push_json(lua, item, depth + 1);
    if (item.is_null()) {
      lua_pop(lua, 1);
      lua_pushlightuserdata(lua, nullptr);  // a hole would end the list
    }
    lua_rawseti(lua, -2, ++index);
  }
  mark_list(lua);
}

void push_object(lua_State* lua, const json::object_t& members, int depth) {
  lua_createtable(lua, 0, clamped(members.size()));
  for (const auto& [key, member] : members) {
    push_text(lua, key);
    push_json(lua, member, depth + 1);
    lua_rawset(lua, -3);
  }
}

void set_text(lua_State* lua, const char* key, const std::string& text) {
  if (text.empty()) return;
  push_text(lua, text);
  lua_setfield(lua, -2, key);
}

void push_message(lua_State* lua, const message& one) {
  lua_createtable(lua, 0, 6);
  set_text(lua, "id", one.id);
  set_text(lua, "role", one.role);
  push_text(lua, one.content);
  lua_setfield(lua, -2, "content");
  set_text(lua, "tool_call_id", one.tool_call_id);
  set_text(lua, "name", one.name);
  if (one.tool_calls.empty()) return;
  lua_createtable(lua, clamped(one.tool_calls.size()), 0);
  lua_Integer index = 0;
  for (const auto& call : one.tool_calls) {
    lua_createtable(lua, 0, 3);
    set_text(lua, "id", call.id);
    set_text(lua, "name", call.name);
    set_text(lua, "arguments", call.arguments);
    lua_rawseti(lua, -2, ++index);
  }
  mark_list(lua);
  lua_setfield(lua, -2, "tool_calls");
}

void push_field(lua_State* lua, const value& field) {
  if (field.type()->same(value_type_of<json>)) return push_json(lua, field.as<json>());
  const auto& messages = field.as<std::vector<message>>();
  luaL_checkstack(lua, 8, "too many values");
  lua_createtable(lua, clamped(messages.size()), 0);
  lua_Integer index = 0;
  for (const auto& one : messages) {
    push_message(lua, one);
    lua_rawseti(lua, -2, ++index);
  }
  mark_list(lua);
}

const json_state& state_of(lua_State* lua) {
  return *static_cast<const json_state*>(lua_touserdata(lua, lua_upvalueindex(1)));
}

using short_text = std::array<char, 320>;

/// Apart from the function that raises, so that nothing is left behind by its jump.
void describe_unknown(const json_state& state, const char* name, short_text& to) {
  std::string advice;
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < state.type()->channel_count(); ++i) {
    known.emplace_back(state.type()->at(i).name());
  }
  advice = detail::suggestion(name, known);
  static_cast<void>(std::snprintf(to.data(), to.size(), "the state has no field \"%.64s\"%.128s",
                                  name, advice.c_str()));
}

/// Upvalues: the state, the fields that were read before.
int read_field(lua_State* lua) {
  if (lua_type(lua, 2) != LUA_TSTRING) return luaL_error(lua, "fields of the state have names");
  lua_pushvalue(lua, 2);
  lua_rawget(lua, lua_upvalueindex(2));
  if (!lua_isnil(lua, -1)) return 1;
  const auto& state = state_of(lua);
  const char* name = lua_tostring(lua, 2);
  const int index = state.type()->find(name);
  if (index < 0) {
    short_text text;
    describe_unknown(state, name, text);
    return luaL_error(lua, "%s", text.data());
  }
  push_field(lua, state.field(static_cast<std::size_t>(index)));
  lua_pushvalue(lua, 2);
  lua_pushvalue(lua, -2);
  lua_rawset(lua, lua_upvalueindex(2));
  return 1;
}

int refuse_write(lua_State* lua) {
  return luaL_error(lua, "the state is read-only: return a table of the fields to write");
}

int all_fields(lua_State* lua) {
  const auto& state = state_of(lua);
  lua_getglobal(lua, "next");
  lua_createtable(lua, 0, clamped(state.type()->channel_count()));
  for (std::size_t i = 0; i < state.type()->channel_count(); ++i) {
    push_text(lua, state.type()->at(i).name());
    push_field(lua, state.field(i));
    lua_rawset(lua, -3);
  }
  lua_pushnil(lua);
  return 3;
}

/// Reads the value at the top of the stack, depth first.
class value_reader {
 public:
  value_reader(lua_State* lua, std::size_t bytes) : lua_(lua), bytes_left_(bytes) {}

  json read(int depth) {
    switch (lua_type(lua_, -1)) {
      case LUA_TNIL:
        return nullptr;
      case LUA_TBOOLEAN:
        return lua_toboolean(lua_, -1) != 0;
      case LUA_TNUMBER:
        return number();
      case LUA_TSTRING:
        return text(-1);
      case LUA_TTABLE:
        return table(depth);
      default:
        break;
    }
    if (lua_islightuserdata(lua_, -1)) return nullptr;
    fail("a " + std::string{lua_typename(lua_, lua_type(lua_, -1))} + " is not a value of JSON");
  }

 private:
  [[noreturn]] static void fail(const std::string& what) { throw error{errc::script_failed, what}; }

  json number() const {
    if (lua_isinteger(lua_, -1) != 0) return static_cast<std::int64_t>(lua_tointeger(lua_, -1));
    const double number = lua_tonumber(lua_, -1);
    if (!std::isfinite(number)) fail("a number is infinite or not a number; JSON has no such");
    return number;
  }

  std::string text(int index) {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(lua_, index, &size);
    if (size > bytes_left_) fail("the texts of the value are too large together");
    bytes_left_ -= size;
    std::string result{bytes, size};
    if (!is_utf8(result)) fail("a text is not UTF-8");
    return result;
  }

  json table(int depth) {
    if (depth >= max_script_depth) {
      fail("the value is nested deeper than " + std::to_string(max_script_depth) +
           " levels, or contains itself");
    }
    if (lua_checkstack(lua_, 4) == 0) fail("the value is nested too deep");
    const auto shape = shape_of();
    count(shape.entries);
    return shape.list ? array(depth, shape.entries) : object(depth);
  }

  struct table_shape {
    bool list = false;
    std::size_t entries = 0;
  };

  table_shape shape_of() const {
    const auto length = static_cast<lua_Integer>(lua_rawlen(lua_, -1));
    std::size_t indices = 0;
    std::size_t names = 0;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pop(lua_, 1);
      if (lua_type(lua_, -1) == LUA_TSTRING) {
        ++names;
      } else if (lua_isinteger(lua_, -1) != 0 && lua_tointeger(lua_, -1) >= 1 &&
                 lua_tointeger(lua_, -1) <= length) {
        ++indices;
      } else {
        fail("a table has a key that is neither a name nor an index of a list without holes");
      }
      if (names + indices > max_script_entries) break;
    }
    if (names + indices > max_script_entries) lua_pop(lua_, 1);
    if (names > 0 && indices > 0) fail("a table mixes a list with named entries");
    if (names > 0) return {false, names};
    if (indices > 0 && indices != static_cast<std::size_t>(length)) fail("a list has holes");
    return {indices > 0 || is_marked(), indices};
  }

  [[nodiscard]] bool is_marked() const {
    if (lua_getmetatable(lua_, -1) == 0) return false;
    lua_rawgetp(lua_, LUA_REGISTRYINDEX, &list_mark);
    const bool same = lua_rawequal(lua_, -1, -2) != 0;
    lua_pop(lua_, 2);
    return same;
  }

  json array(int depth, std::size_t entries) {
    auto result = json::array();
    for (std::size_t i = 1; i <= entries; ++i) {
      lua_rawgeti(lua_, -1, static_cast<lua_Integer>(i));
      result.push_back(read(depth + 1));
      lua_pop(lua_, 1);
    }
    return result;
  }

  json object(int depth) {
    auto result = json::object();
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      auto key = text(-2);
      result[std::move(key)] = read(depth + 1);
      lua_pop(lua_, 1);
    }
    return result;
  }

  void count(std::size_t entries) {
    entries_ += entries + 1;
    if (entries_ > max_script_entries) {
      fail("the value has more than " + std::to_string(max_script_entries) + " entries");
    }
  }

  lua_State* lua_;
  std::size_t bytes_left_;
  std::size_t entries_ = 0;
};

}  // namespace

void make_list_mark(lua_State* lua) {
  lua_newtable(lua);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &list_mark);
}

void mark_list(lua_State* lua) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &list_mark);
  lua_setmetatable(lua, -2);
}

void push_json(lua_State* lua, const json& content, int depth) {
  check_room(lua, depth);
  switch (content.type()) {
    case json::value_t::boolean:
      return lua_pushboolean(lua, *content.get_ptr<const bool*>() ? 1 : 0);
    case json::value_t::number_integer:
      return lua_pushinteger(lua, *content.get_ptr<const json::number_integer_t*>());
    case json::value_t::number_unsigned: {
      const auto number = *content.get_ptr<const json::number_unsigned_t*>();
      if (number <= static_cast<json::number_unsigned_t>(LUA_MAXINTEGER)) {
        return lua_pushinteger(lua, static_cast<lua_Integer>(number));
      }
      return lua_pushnumber(lua, static_cast<lua_Number>(number));
    }
    case json::value_t::number_float:
      return lua_pushnumber(lua, *content.get_ptr<const json::number_float_t*>());
    case json::value_t::string:
      return push_text(lua, *content.get_ptr<const std::string*>());
    case json::value_t::array:
      return push_array(lua, *content.get_ptr<const json::array_t*>(), depth);
    case json::value_t::object:
      return push_object(lua, *content.get_ptr<const json::object_t*>(), depth);
    default:
      return lua_pushnil(lua);
  }
}

void push_state(lua_State* lua, const json_state& state) {
  lua_newtable(lua);
  lua_createtable(lua, 0, 3);
  lua_pushlightuserdata(lua, const_cast<json_state*>(&state));
  lua_newtable(lua);
  lua_pushcclosure(lua, read_field, 2);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, refuse_write);
  lua_setfield(lua, -2, "__newindex");
  lua_pushlightuserdata(lua, const_cast<json_state*>(&state));
  lua_pushcclosure(lua, all_fields, 1);
  lua_setfield(lua, -2, "__pairs");
  lua_setmetatable(lua, -2);
}

json read_json(lua_State* lua, std::size_t max_bytes) {
  return value_reader{lua, max_bytes}.read(0);
}

}  // namespace mcp::cluster
