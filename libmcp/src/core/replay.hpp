#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mcp::core {

/// Rebuilds a state without user code: applies the patches of `bodies` (checkpoint bodies, oldest
/// first) to `snapshot` (empty: no field has a value) and returns the new snapshot.
/// Throws `corrupt_store` when bytes are damaged, `newer_format` for a body of a later version.
/// Format: docs/checkpoint-format.md, sections 3 and 4.
[[nodiscard]] std::string replay(std::string_view snapshot, std::span<const std::string> bodies);

}  // namespace mcp::core
