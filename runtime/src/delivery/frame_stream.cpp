#include "delivery/frame_stream.hpp"

#include "mcp/error.hpp"

namespace mcp::cluster {
namespace {

constexpr std::size_t head_bytes = 4;

std::size_t length_at(std::string_view head) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < head_bytes; ++i) {
    length = length << 8U | static_cast<unsigned char>(head[i]);
  }
  return length;
}

}  // namespace

void frame_splitter::feed(std::string_view bytes) {
  held_.erase(0, taken_);
  taken_ = 0;
  held_.append(bytes);
}

std::optional<std::string> frame_splitter::next() {
  const auto rest = std::string_view{held_}.substr(taken_);
  if (rest.size() < head_bytes) return std::nullopt;
  const auto length = length_at(rest);
  if (length == 0 || length > max_frame_bytes) {
    throw error{errc::malformed_answer, "a frame of " + std::to_string(length) +
                                            " bytes is announced; it may have 1 to " +
                                            std::to_string(max_frame_bytes)};
  }
  if (rest.size() < head_bytes + length) return std::nullopt;
  taken_ += head_bytes + length;
  return std::string{rest.substr(head_bytes, length)};
}

void append_frame(std::vector<char>& out, std::string_view frame) {
  if (frame.empty() || frame.size() > max_frame_bytes) {
    throw error{errc::invalid_argument,
                "a frame of " + std::to_string(frame.size()) + " bytes cannot be sent"};
  }
  for (std::size_t i = 0; i < head_bytes; ++i) {
    out.push_back(static_cast<char>(frame.size() >> 8U * (head_bytes - 1 - i) & 0xffU));
  }
  out.insert(out.end(), frame.begin(), frame.end());
}

}  // namespace mcp::cluster
