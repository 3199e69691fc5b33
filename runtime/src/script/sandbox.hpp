#pragma once

#include "script/memory_library.hpp"
#include "script/script.hpp"

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

struct lua_State;

namespace mcp {
class json_state;
}

namespace mcp::cluster {

/// One Lua interpreter for one call (or the few calls of one template): nothing of it is there
/// afterwards, so that calls cannot see one another. The libraries are `string`, `table`, `math`,
/// `utf8` and `json` without what reaches outside or past the limits, which count all calls in one
/// sandbox. Used by one thread.
class sandbox {
 public:
  /// Throws `script_failed` when the limit of memory is too small for the libraries.
  explicit sandbox(const script_limits& limits);
  sandbox(const sandbox&) = delete;
  sandbox& operator=(const sandbox&) = delete;
  ~sandbox();

  /// Makes a copy of `content` a global variable.
  void set(const char* name, const nlohmann::json& content);
  /// The same for a state: read-only, and its fields are copied when they are read. Borrowed.
  void set_state(const char* name, const json_state& state);

  /// The table `memory`, for calls from now on; kept by the caller.
  void set_memory(script_memory& memory);

  /// The first result of the function; null when it returns nothing. Throws `script_failed` with
  /// file and line.
  [[nodiscard]] nlohmann::json call(const compiled_script& script);

 private:
  struct interpreter;
  std::unique_ptr<interpreter> lua_;
};

/// As a template shows it: a text as it is, null as nothing, everything else as JSON.
[[nodiscard]] std::string shown(const nlohmann::json& content);

}  // namespace mcp::cluster
