// Feeds replay() with arbitrary bytes: the first two bytes are the length of the snapshot, the rest
// is one checkpoint body after another, each behind two bytes of length. Whatever comes back must
// be an mcp::error or a state that replays to itself.

#include "core/replay.hpp"
#include "mcp/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::string take(std::string_view& rest) {
  if (rest.size() < 2) return {};
  const auto high = static_cast<std::uint8_t>(rest[0]);
  const auto low = static_cast<std::uint8_t>(rest[1]);
  rest.remove_prefix(2);
  const std::string_view part = rest.substr(0, high * 256U + low);
  rest.remove_prefix(part.size());
  return std::string{part};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string snapshot = take(rest);
  std::vector<std::string> bodies;
  while (rest.size() >= 2) bodies.push_back(take(rest));
  try {
    const std::string state = mcp::core::replay(snapshot, bodies);
    if (mcp::core::replay(state, {}) != state) std::abort();
  } catch (const mcp::error&) {
  }
  return 0;
}
