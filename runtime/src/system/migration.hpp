#pragma once

#include "mcp/state_type.hpp"
#include "script/script.hpp"

#include <memory>
#include <string>

namespace mcp::cluster {

/// How the state of a thread becomes one of this version of a file: `migrate` of the file.
struct migration {
  compiled_script script;
  script_limits limits{};
  std::shared_ptr<const state_type> type{};  ///< of the state as it becomes

  /// JSON of the state's fields, from and to. Throws `script_failed` when the script fails or
  /// returns no table; `invalid_state` and `invalid_argument` for a field that does not fit or is
  /// not there.
  [[nodiscard]] std::string moved(const std::string& from, const std::string& state) const;
};

}  // namespace mcp::cluster
