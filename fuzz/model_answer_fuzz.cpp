// Answers of model providers, whole and streamed. The first byte chooses the protocol. A stream
// that ended well has said, in pieces, what its answer says as a whole.

#include "fuzzed.hpp"
#include "providers/anthropic_wire.hpp"
#include "providers/chat_wire.hpp"
#include "providers/openai_wire.hpp"

#include <memory>
#include <string>

namespace {

using namespace mcp::providers;

std::unique_ptr<chat_wire> wire(bool anthropic) {
  if (anthropic) return anthropic_wire({.model = "m"});
  return openai_wire({.model = "m"});
}

void read_stream(const chat_wire& protocol, const mcp::chat_request& request,
                 std::string_view bytes) {
  sse_parser events{1UL << 16};
  const auto reader = protocol.reader(request);
  std::string said;
  const auto hear = [&](const mcp::chat_delta& piece) {
    if (piece.what == mcp::chat_delta::kind::text) said += piece.text;
  };
  events.feed(bytes, [&](const sse_event& event) {
    if (!reader->done()) reader->read(event, hear);
  });
  if (reader->complete()) fuzzed::require(reader->take().reply.content == said);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = fuzzed::text_of(data, size);
  const auto choice = fuzzed::take_byte(bytes);
  const auto protocol = wire((choice & 1U) != 0);
  mcp::chat_request request;
  request.messages = {mcp::user_message("Hello")};
  fuzzed::accepted([&] {
    const auto answer = protocol->read(bytes, request);
    fuzzed::require(answer.reply.tool_calls.size() <= max_tool_calls);
  });
  fuzzed::accepted([&] { read_stream(*protocol, request, bytes); });
  static_cast<void>(failure_of_event(bytes));
  mcp::io::http_head head{.status = 400 + choice % 200};
  static_cast<void>(failure_of_status(head, bytes, {}));
  return 0;
}
