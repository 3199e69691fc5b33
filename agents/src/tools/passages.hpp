#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::tools {

/// A piece of a text, with the lines it stands in, counted from 1.
struct text_passage {
  std::string text{};
  std::int64_t line = 1;
  std::int64_t last_line = 1;
};

/// `text` in pieces of at most `limit` bytes (at least 4), cut at empty lines where possible.
[[nodiscard]] std::vector<text_passage> passages_of(std::string_view text, std::size_t limit);

}  // namespace mcp::tools
