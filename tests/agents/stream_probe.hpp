#pragma once

#include "providers/chat_wire.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace test {

/// What a stream gave: the answer, and the same put together from its deltas.
struct streamed_answer {
  mcp::chat_answer answer{};
  std::string text{};
  std::vector<mcp::tool_call> calls{};
  bool done = false;
};

/// Feeds the pieces of a stream through the event parser into the reader.
inline streamed_answer read_stream(mcp::providers::stream_reader& reader,
                                   const std::vector<std::string_view>& pieces) {
  streamed_answer got;
  const auto on_delta = [&got](const mcp::chat_delta& delta) {
    if (delta.what == mcp::chat_delta::kind::text) {
      got.text += delta.text;
      return;
    }
    if (delta.index == got.calls.size()) {
      got.calls.push_back({std::string{delta.id}, std::string{delta.name}, {}});
    }
    got.calls.at(delta.index).arguments += delta.text;
  };
  mcp::providers::sse_parser parser;
  for (const auto piece : pieces) {
    parser.feed(piece,
                [&](const mcp::providers::sse_event& event) { reader.read(event, on_delta); });
  }
  got.done = reader.done();
  if (reader.complete()) got.answer = reader.take();
  return got;
}

}  // namespace test
