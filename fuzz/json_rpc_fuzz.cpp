// What a Model Context Protocol server writes, line by line, to a client with requests under way:
// no request is answered twice, and nothing is answered that was not asked.

#include "fuzzed.hpp"
#include "mcp_client/json_rpc.hpp"
#include "mcp_client/line_splitter.hpp"

#include <set>
#include <string>
#include <variant>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace protocol = mcp::protocol;
  constexpr mcp::io::steady_time now{};
  protocol::json_rpc rpc{{.message_bytes = 4096, .pending = 8}};
  std::set<protocol::rpc_id> open;
  for (const bool progress : {true, false, true}) {
    open.insert(rpc.request("tools/call", protocol::json::object(), {}, progress, now).id);
  }
  protocol::line_splitter lines{4096};
  static_cast<void>(lines.feed(fuzzed::text_of(data, size), [&](std::string_view line) {
    for (const auto& event : rpc.receive(line, now)) {
      if (const auto* answered = std::get_if<protocol::rpc_answered>(&event)) {
        fuzzed::require(open.erase(answered->id) == 1);
      } else if (const auto* moved = std::get_if<protocol::rpc_progressed>(&event)) {
        fuzzed::require(open.contains(moved->id));
      } else if (const auto* asked = std::get_if<protocol::rpc_asked>(&event)) {
        static_cast<void>(protocol::json_rpc::refusal(asked->id, protocol::method_not_found, "no"));
      }
    }
  }));
  fuzzed::require(rpc.pending() == open.size());
  return 0;
}
