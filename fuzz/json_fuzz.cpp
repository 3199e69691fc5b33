// Feeds arbitrary text to the JSON parser and to a described struct: what is accepted must come out
// the same when it is written and read again.

#include "mcp/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fuzzed {

enum class colour { red, green };
MCP_ENUM(colour, red, green)

struct tree {
  std::int8_t value = 0;
  std::vector<tree> children{};
};
MCP_STRUCT(tree, value, children)

struct everything {
  bool flag = false;
  std::int64_t a = 0;
  std::uint32_t b = 0;
  double c = 0;
  float d = 0;
  std::string e{};
  std::vector<bool> f{};
  std::set<std::string> g{};
  std::map<std::string, std::vector<int>> h{};
  std::optional<tree> i{};
  std::variant<std::monostate, int, std::string, tree, colour> j{};
};
MCP_STRUCT(everything, flag, a, b, c, d, e, f, g, h, i, j)

}  // namespace fuzzed

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string bytes;
  try {
    bytes = mcp::json_to_cbor(text);
  } catch (const mcp::error&) {
    return 0;
  }
  const auto json = mcp::cbor_to_json(bytes);
  if (mcp::cbor_to_json(mcp::json_to_cbor(json)) != json) std::abort();
  try {
    const auto value = mcp::from_json<fuzzed::everything>(text);
    const auto again = mcp::from_cbor<fuzzed::everything>(mcp::to_cbor(value));
    if (!mcp::codec<fuzzed::everything>::equal(value, again)) std::abort();
  } catch (const mcp::error&) {
  }
  return 0;
}
