// What members say to each other above the frames: a message or `malformed_answer`. The first byte
// says whether the bytes are a worker's or a server's.

#include "cluster/messages.hpp"
#include "fuzzed.hpp"

namespace {

template <class Message>
void read(std::string_view bytes, Message (*reader)(std::string_view)) {
  try {
    const auto once = mcp::to_cbor(reader(bytes));
    const auto message = reader(once);
    fuzzed::require(mcp::to_cbor(message) == once);
    fuzzed::require(version_of(message) == 1 || version_of(message) == 2);
  } catch (const mcp::error& wrong) {
    fuzzed::require(wrong.code() == mcp::errc::malformed_answer);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = fuzzed::text_of(data, size);
  if (fuzzed::take_byte(bytes) % 2 == 0) {
    read(bytes, mcp::cluster::read_worker_message);
  } else {
    read(bytes, mcp::cluster::read_server_message);
  }
  return 0;
}
