#pragma once

#include "mcp/error.hpp"

namespace mcp::cluster {

/// What the program ends with when a command, not a run, failed with `code`.
[[nodiscard]] int exit_code_of(errc code) noexcept;
/// Says on standard error what went wrong: one line, or one per problem of a file, and what to do.
void complain(const error& what);

}  // namespace mcp::cluster
