#pragma once

#include "delivery/frame.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::cluster {

/// Frames in a stream of bytes: each behind its length, 4 bytes, the highest first.
/// Takes the stream as it arrives and gives its frames. Holds less than one frame and what was fed
/// last. Not thread-safe.
class frame_splitter {
 public:
  void feed(std::string_view bytes);
  /// The next whole frame. Throws `malformed_answer` for one that is empty or longer than
  /// `max_frame_bytes`, before it has arrived.
  [[nodiscard]] std::optional<std::string> next();

 private:
  std::string held_;
  std::size_t taken_ = 0;
};

/// Adds a frame to what will be written. Throws `invalid_argument` for one that may not be sent.
void append_frame(std::vector<char>& out, std::string_view frame);

}  // namespace mcp::cluster
