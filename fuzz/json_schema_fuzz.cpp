// Foreign schemas and foreign instances: the first line of the input is the schema, the rest the
// instance. When the first byte is 'c', the instance is CBOR, which can say more than JSON text.

#include "mcp/error.hpp"
#include "mcp/json_schema.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

/// The CBOR reader throws for an impossible array length even when told not to throw.
json parse_instance(std::string_view text, bool binary) try {
  return binary ? json::from_cbor(text) : json::parse(text);
} catch (const json::exception&) {
  return json(json::value_t::discarded);
}

void check(const mcp::json_schema& schema, const json& instance) {
  using limits = mcp::json_schema_limits;
  const auto problems = schema.validate(instance);
  require(problems.size() <= limits::schema_problems);
  for (const auto& [at, message] : problems) {
    require(!message.empty() && message.size() <= limits::message_bytes);
    require(at.size() <= limits::pointer_bytes);
    if (!at.ends_with("...")) require(instance.contains(json::json_pointer{at}));
  }
  require(problems == schema.validate(instance));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input{reinterpret_cast<const char*>(data), size};
  const bool binary = input.starts_with('c');
  if (binary) input.remove_prefix(1);
  const auto line = input.substr(0, input.find('\n'));
  json schema = json::parse(line, nullptr, false);
  if (schema.is_discarded() || line.size() == input.size()) return 0;
  const json instance = parse_instance(input.substr(line.size() + 1), binary);
  try {
    const mcp::json_schema compiled{std::move(schema)};
    check(compiled, instance);
  } catch (const mcp::error& problem) {
    require(problem.code() == mcp::errc::invalid_schema || problem.code() == mcp::errc::too_large);
  }
  return 0;
}
