#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::tools {

/// `text` in pieces of at most `limit` bytes (at least 4), cut at empty lines where possible.
[[nodiscard]] std::vector<std::string> passages_of(std::string_view text, std::size_t limit);

}  // namespace mcp::tools
