#include "script/sandbox.hpp"

#include "mcp/json.hpp"
#include "script/lua_value.hpp"
#include "script/meter.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <lua.hpp>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

constexpr int instructions_between_checks = 1000;
/// Bytes of memory that cost as much as an instruction.
constexpr std::size_t bytes_per_instruction = 256;

void* allocate(void* data, void* block, std::size_t old_size, std::size_t new_size) {
  auto& used = *static_cast<meter*>(data);
  if (block == nullptr) old_size = 0;
  if (new_size == 0) {
    std::free(block);
    used.memory -= old_size;
    return nullptr;
  }
  if (new_size > old_size) {
    if (new_size - old_size > used.limits.memory - std::min(used.limits.memory, used.memory)) {
      return nullptr;
    }
    used.allocated += new_size;
  }
  void* moved = std::realloc(block, new_size);
  if (moved == nullptr) return nullptr;
  used.memory += new_size - old_size;
  return moved;
}

void check_limits(lua_State* lua, lua_Debug*) {
  auto& used = meter_of(lua);
  if (used.exhausted == nullptr) {
    used.instructions += instructions_between_checks;
    used.instructions += static_cast<std::int64_t>(used.allocated / bytes_per_instruction);
    used.allocated = 0;
    if (used.instructions > used.limits.instructions) {
      used.exhausted = "it used more instructions than limits.lua.instructions allows";
    } else if (std::chrono::steady_clock::now() > used.until) {
      used.exhausted = "it took longer than limits.lua.time allows";
    }
  }
  if (used.exhausted == nullptr) return;
  // From now on at every instruction: a script that catches the error gets no further.
  lua_sethook(lua, check_limits, LUA_MASKCOUNT, 1);
  luaL_error(lua, "%s", used.exhausted);
}

class interpreter_guard {
 public:
  explicit interpreter_guard(meter& used) : lua_(lua_newstate(allocate, &used)) {
    if (lua_ == nullptr) throw error{errc::script_failed, "there is no memory for a script"};
    *static_cast<meter**>(lua_getextraspace(lua_)) = &used;
  }
  interpreter_guard(const interpreter_guard&) = delete;
  interpreter_guard& operator=(const interpreter_guard&) = delete;
  ~interpreter_guard() { lua_close(lua_); }
  [[nodiscard]] lua_State* get() const noexcept { return lua_; }

 private:
  lua_State* lua_;
};

/// Runs `action` where Lua may raise; nothing in it may need a destructor. Gives Lua's status.
template <class Action>
int protect(lua_State* lua, Action& action) {
  const auto run = [](lua_State* inner) {
    (*static_cast<Action*>(lua_touserdata(inner, 1)))(inner);
    return 0;
  };
  lua_pushcfunction(lua, run);
  lua_pushlightuserdata(lua, &action);
  return lua_pcall(lua, 1, 0, 0);
}

/// Pops the error that a protected call left.
std::string take_error(lua_State* lua) {
  std::string text = "it raised an error that is not a text";
  if (lua_type(lua, -1) == LUA_TSTRING) {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(lua, -1, &size);
    constexpr std::size_t longest = 2000;
    text.assign(bytes, std::min(size, longest));
  }
  lua_pop(lua, 1);
  return text;
}

/// Hands the text to Lua after as many line breaks as stand before it in the file.
struct source_reader {
  std::string parts[2];
  std::size_t next = 0;

  static const char* read(lua_State*, void* data, std::size_t* size) {
    auto& self = *static_cast<source_reader*>(data);
    while (self.next < 2) {
      const auto& part = self.parts[self.next++];
      if (part.empty()) continue;
      *size = part.size();
      return part.data();
    }
    *size = 0;
    return nullptr;
  }
};

int write_bytes(lua_State*, const void* bytes, std::size_t size, void* to) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
  return 0;
}

bool has_word(std::string_view text, std::string_view word) {
  const auto in_word = [text](std::size_t at) {
    return at < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
  };
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if ((at == 0 || !in_word(at - 1)) && !in_word(at + word.size())) return true;
  }
  return false;
}

/// Splits "file:12: text".
script_problem problem_of(const std::string& message, const script_source& source) {
  const auto prefix = source.file + ":";
  if (message.rfind(prefix, 0) != 0) return {source.line, message};
  char* rest = nullptr;
  const auto line = std::strtol(message.c_str() + prefix.size(), &rest, 10);
  if (*rest == ':') ++rest;
  if (*rest == ' ') ++rest;
  return {static_cast<int>(line), rest};
}

}  // namespace

meter& meter_of(lua_State* lua) noexcept {
  return **static_cast<meter**>(lua_getextraspace(lua));
}

void charge(lua_State* lua, std::int64_t instructions) {
  auto& used = meter_of(lua);
  used.instructions += instructions;
  if (used.instructions <= used.limits.instructions) return;
  check_limits(lua, nullptr);
}

compiled_script::compiled_script(const script_source& source, form shape)
    : name_(source.file), uses_memory_(has_word(source.text, "memory")) {
  constexpr int most_lines = 1 << 20;
  if (source.text.size() > max_script_bytes) {
    throw script_problem{
        source.line, "the script is longer than " + std::to_string(max_script_bytes) + " bytes"};
  }
  meter used;
  used.limits.memory = 256u << 20;  // of the compiler, whose input is bounded
  const interpreter_guard lua{used};
  const auto lines = static_cast<std::size_t>(std::clamp(source.line - 1, 0, most_lines));
  source_reader reader{
      {std::string(lines, '\n'), (shape == form::expression ? "return " : "") + source.text}};
  const auto chunk = "=" + source.file;
  if (lua_load(lua.get(), source_reader::read, &reader, chunk.c_str(), "t") != LUA_OK) {
    throw problem_of(take_error(lua.get()), source);
  }
  if (lua_dump(lua.get(), write_bytes, &bytecode_, 0) != 0) {
    throw script_problem{source.line, "the script cannot be compiled"};
  }
}

struct sandbox::interpreter {
  explicit interpreter(const script_limits& limits) : used{.limits = limits}, lua(used) {
    used.until = std::chrono::steady_clock::now() + limits.time;
  }

  [[noreturn]] void fail(int status, const std::string& where) {
    auto text = take_error(lua.get());
    if (status == LUA_ERRMEM) text = where + ": it needs more memory than limits.lua.memory allows";
    if (used.exhausted != nullptr && text.find(used.exhausted) == std::string::npos) {
      text = where + ": " + used.exhausted;
    }
    throw error{errc::script_failed, "the script failed: " + text};
  }
  template <class Action>
  void run(Action action, const std::string& where) {
    const int status = protect(lua.get(), action);
    if (status != LUA_OK) fail(status, where);
  }

  meter used;
  interpreter_guard lua;
};

sandbox::sandbox(const script_limits& limits) : lua_(std::make_unique<interpreter>(limits)) {
  lua_->run([](lua_State* lua) { open_libraries(lua); }, "libraries");
  lua_sethook(lua_->lua.get(), check_limits, LUA_MASKCOUNT, instructions_between_checks);
}

sandbox::~sandbox() = default;

void sandbox::set(const char* name, const json& content) {
  lua_->run(
      [name, &content](lua_State* lua) {
        push_json(lua, content);
        lua_setglobal(lua, name);
      },
      name);
}

void sandbox::set_state(const char* name, const json_state& state) {
  lua_->run(
      [name, &state](lua_State* lua) {
        push_state(lua, state);
        lua_setglobal(lua, name);
      },
      name);
}

void sandbox::set_memory(script_memory& memory) {
  lua_->used.remembered = &memory;
  lua_->run([](lua_State* lua) { open_memory(lua); }, "memory");
}

json sandbox::call(const compiled_script& script) {
  auto* lua = lua_->lua.get();
  const auto& code = script.bytecode();
  int status = luaL_loadbufferx(lua, code.data(), code.size(), script.name().c_str(), "b");
  if (status == LUA_OK) status = lua_pcall(lua, 0, 1, 0);
  if (status != LUA_OK) lua_->fail(status, script.name());
  try {
    auto result = read_json(lua, lua_->used.limits.memory);
    lua_settop(lua, 0);
    return result;
  } catch (const error& reason) {
    lua_settop(lua, 0);
    throw error{errc::script_failed,
                "the script failed: " + script.name() + ": its result: " + reason.message()};
  }
}

std::string shown(const json& content) {
  if (content.is_null()) return {};
  if (content.is_string()) return content.get<std::string>();
  return content.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace mcp::cluster
