// A hostile peer: whatever frames it sends, the link refuses or takes them, and holds no more than
// its bounds. The bytes are a list of frames, each behind its length.

#include "delivery/link.hpp"
#include "fuzzed.hpp"

#include <string>

namespace {

constexpr mcp::cluster::link_limits small{
    .payload_bytes = 8, .window = 4, .message_bytes = 64, .queued_bytes = 256};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = fuzzed::text_of(data, size);
  mcp::cluster::delivery_link link{{"c", "b", 1}, {}, small};
  static_cast<void>(link.send(std::string(60, 'x')));
  std::chrono::nanoseconds now{0};
  link.connected(now);
  std::size_t arrived = 0;
  while (!bytes.empty()) {
    const auto length = std::min<std::size_t>(fuzzed::take_byte(bytes), bytes.size());
    const auto frame = bytes.substr(0, length);
    bytes.remove_prefix(length);
    now += std::chrono::milliseconds{100};
    static_cast<void>(fuzzed::accepted([&] { link.received(frame, now); }));
    while (link.next_frame(now)) {
    }
    if (link.closing(now)) link.connected(now);
    if (length % 2 == 0) continue;
    for (arrived = 0; auto message = link.next_message(); ++arrived) {
      if (message->size() > small.message_bytes) fuzzed::require(false);
    }
    if (arrived > small.window + 1) fuzzed::require(false);
  }
  return 0;
}
