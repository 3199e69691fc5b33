#pragma once

#include "mcp/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

/// What the targets share.
namespace fuzzed {

/// A property of the code under test: where it does not hold, libFuzzer reports the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes one byte from the front; 0 when there is none.
inline std::uint8_t take_byte(std::string_view& rest) {
  if (rest.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(rest.front());
  rest.remove_prefix(1);
  return byte;
}

/// Calls `work`. True when it returned, false when it refused its input with an error of ours;
/// anything else that it throws is a finding.
template <class Work>
bool accepted(Work&& work) {
  try {
    work();
    return true;
  } catch (const mcp::error& refused) {
    require(!refused.message().empty());
    return false;
  }
}

}  // namespace fuzzed
