#include "delivery/frame_stream.hpp"

#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace mcp;
using namespace mcp::cluster;
using Catch::Matchers::Contains;

namespace {

std::string stream_of(const std::vector<std::string>& frames) {
  std::vector<char> bytes;
  for (const auto& frame : frames) append_frame(bytes, frame);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("Frames come out of a stream as they went in, however it is cut", "[delivery]") {
  const std::vector<std::string> frames{"a", std::string(300, 'b'), std::string(1, '\0'),
                                        std::string(max_frame_bytes, 'c')};
  const auto bytes = stream_of(frames);
  for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, bytes.size()}) {
    frame_splitter splitter;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      splitter.feed(std::string_view{bytes}.substr(at, size));
      while (auto frame = splitter.next()) found.push_back(std::move(*frame));
    }
    CHECK(found == frames);
  }
}

TEST_CASE("A length that no frame has is refused before the frame is there", "[delivery]") {
  const auto refusal = [](std::string_view bytes) {
    frame_splitter splitter;
    splitter.feed(bytes);
    return splitter.next();
  };
  using namespace std::string_view_literals;
  CHECK_THROWS_WITH(refusal("\0\0\0\0"sv), Contains("a frame of 0 bytes"));
  CHECK_THROWS_WITH(refusal("\xff\xff\xff\xff"sv), Contains("a frame of 4294967295 bytes"));
  CHECK_THROWS_WITH(refusal("GET / HTTP/1.1\r\n\r\n"sv), Contains("is announced"));
  CHECK_FALSE(refusal("\0\0\0"sv));
  std::vector<char> out;
  CHECK_THROWS_AS(append_frame(out, ""), error);
  CHECK_THROWS_AS(append_frame(out, std::string(max_frame_bytes + 1, 'x')), error);
  CHECK(out.empty());
}
