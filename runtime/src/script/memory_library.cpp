#include "script/memory_library.hpp"

#include "mcp/error.hpp"
#include "script/lua_value.hpp"
#include "script/meter.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>

#include <lua.hpp>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

/// What a call costs besides its result, in instructions.
constexpr std::int64_t cost_of_call = 1000;
constexpr std::int64_t longest_ttl = 100LL * 365 * 24 * 3600;  ///< seconds

[[noreturn]] void refuse(const std::string& what) {
  throw error{errc::invalid_argument, what};
}

/// The argument at `index` as JSON; null when it is not there.
json argument(lua_State* lua, int index) {
  if (index > lua_gettop(lua)) return nullptr;
  lua_pushvalue(lua, index);
  auto result = read_json(lua, meter_of(lua).limits.memory);
  lua_pop(lua, 1);
  return result;
}

memory_namespace namespace_of(const script_memory& memory, const json& given) {
  auto result = memory.root;
  if (given.is_string()) {
    result.push_back(given.get<std::string>());
    return result;
  }
  if (!given.is_array() || given.empty()) refuse("a namespace is a text or a list of texts");
  for (const auto& one : given) {
    if (!one.is_string()) refuse("a namespace is a text or a list of texts");
    result.push_back(one.get<std::string>());
  }
  return result;
}

std::string key_of(const json& given) {
  if (!given.is_string()) refuse("a key is a text");
  return given.get<std::string>();
}

json remember(script_memory& memory, const json& ns, json what, const json& options) {
  if (what.is_string()) what = json{{"text", std::move(what)}};
  if (!what.is_object()) refuse("what is remembered is a text or a table with names");
  const auto option = [&options](const char* name) {
    return options.is_object() ? options.value(name, json{}) : json{};
  };
  // The same when the task is repeated after a crash: nothing is remembered twice.
  auto key = memory.task + "-" + std::to_string(memory.calls);
  if (const auto given = option("key"); !given.is_null()) key = key_of(given);
  memory_put_options put;
  if (const auto ttl = option("ttl"); ttl.is_number()) {
    const auto seconds = ttl.get<double>();
    if (!(seconds > 0) || seconds > static_cast<double>(longest_ttl)) {
      refuse("`ttl` is not within 0 and a hundred years, in seconds");
    }
    put.ttl = std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
  }
  memory.store->put(namespace_of(memory, ns), key, what.dump(), put);
  return key;
}

/// Values as JSON trees, which take a multiple of their text.
class bounded_values {
 public:
  explicit bounded_values(const script_limits& limits) : left_(limits.memory / memory_of_json) {}
  json parsed(const std::string& value) {
    if (value.size() > left_) {
      throw error{errc::too_large, "what was found is too large together; recall fewer items"};
    }
    left_ -= value.size();
    return json::parse(value);
  }

 private:
  static constexpr std::size_t memory_of_json = 16;
  std::size_t left_;
};

json recall(const script_memory& memory, bounded_values values, const json& ns, const json& text,
            const json& limit) {
  memory_query query{.prefix = namespace_of(memory, ns)};
  if (text.is_string()) query.text = text.get<std::string>();
  if (limit.is_number_integer()) {
    query.limit = static_cast<std::size_t>(
        std::clamp<std::int64_t>(limit.get<std::int64_t>(), 1, max_recalled));
  }
  auto found = json::array();
  for (const auto& item : memory.store->search(query)) {
    json one{{"key", item.key}, {"value", values.parsed(item.value)}};
    if (item.score) one["score"] = *item.score;
    found.push_back(std::move(one));
  }
  return found;
}

json get(const script_memory& memory, bounded_values values, const json& ns, const json& key) {
  const auto found = memory.store->get(namespace_of(memory, ns), key_of(key));
  return found ? values.parsed(found->value) : json{};
}

json forget(const script_memory& memory, const json& ns, const json& key) {
  return memory.store->remove(namespace_of(memory, ns), key_of(key));
}

enum class action : std::uint8_t { remember, recall, get, forget };

json act(lua_State* lua, action what) {
  auto& memory = *meter_of(lua).remembered;
  if (memory.store == nullptr) throw error{errc::no_store, "the system has no memory"};
  if (++memory.calls > max_memory_calls) {
    throw error{errc::overloaded,
                "a script calls it at most " + std::to_string(max_memory_calls) + " times"};
  }
  if (lua_checkstack(lua, 2) == 0) throw error{errc::too_large, "the script is nested too deep"};
  const bounded_values values{meter_of(lua).limits};
  const auto ns = argument(lua, 1);
  auto second = argument(lua, 2);
  switch (what) {
    case action::remember:
      return remember(memory, ns, std::move(second), argument(lua, 3));
    case action::recall:
      return recall(memory, values, ns, second, argument(lua, 3));
    case action::get:
      return get(memory, values, ns, second);
    case action::forget:
      return forget(memory, ns, second);
  }
  return nullptr;
}

/// Nothing on the way may need a destructor: Lua jumps.
template <action What>
int call(lua_State* lua) {
  charge(lua, cost_of_call);
  auto& used = meter_of(lua);
  std::array<char, 400> reason{};
  try {
    used.scratch = act(lua, What);
    used.text = used.scratch.dump(-1, ' ', false, json::error_handler_t::replace);
  } catch (const std::exception& failed) {
    static_cast<void>(std::snprintf(reason.data(), reason.size(), "%s", failed.what()));
  }
  if (reason[0] != '\0') return luaL_error(lua, "memory: %s", reason.data());
  charge(lua, static_cast<lua_Integer>(used.text.size()));
  used.text.clear();
  push_json(lua, used.scratch);
  used.scratch = nullptr;
  return 1;
}

}  // namespace

void open_memory(lua_State* lua) {
  lua_createtable(lua, 0, 4);
  lua_pushcfunction(lua, call<action::remember>);
  lua_setfield(lua, -2, "remember");
  lua_pushcfunction(lua, call<action::recall>);
  lua_setfield(lua, -2, "recall");
  lua_pushcfunction(lua, call<action::get>);
  lua_setfield(lua, -2, "get");
  lua_pushcfunction(lua, call<action::forget>);
  lua_setfield(lua, -2, "forget");
  lua_setglobal(lua, "memory");
}

}  // namespace mcp::cluster
