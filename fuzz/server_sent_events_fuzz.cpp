// Feeds the reader of server-sent events, once whole and once in pieces: the events must not depend
// on how the bytes were cut. The first byte says how long the pieces are.

#include "fuzzed.hpp"
#include "providers/sse.hpp"

#include <string>
#include <vector>

namespace {

using mcp::providers::sse_event;
using mcp::providers::sse_parser;

struct heard {
  std::vector<std::string> events{};
  std::string last{};
  bool refused = false;
};

heard read(std::string_view bytes, std::size_t piece) {
  heard all;
  sse_parser parser{4096};
  all.refused = !fuzzed::accepted([&] {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      parser.feed(bytes.substr(0, piece), [&](const sse_event& event) {
        all.events.push_back(std::string{event.type} + '\0' + std::string{event.id} + '\0' +
                             std::string{event.data});
      });
    }
  });
  if (const auto wait = parser.reconnect_after()) all.last = std::to_string(wait->count());
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = fuzzed::text_of(data, size);
  const std::size_t piece = fuzzed::take_byte(bytes) % 32 + 1;
  const auto whole = read(bytes, bytes.size() + 1);
  const auto cut = read(bytes, piece);
  fuzzed::require(whole.refused == cut.refused);
  fuzzed::require(whole.refused || whole.events == cut.events);
  fuzzed::require(whole.refused || whole.last == cut.last);
  return 0;
}
