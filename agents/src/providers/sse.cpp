#include "providers/sse.hpp"

#include "mcp/error.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

namespace mcp::providers {

void sse_parser::feed(std::string_view bytes, const sink& out) {
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos) {
      check_size(bytes.size());
      partial_line_ += bytes;
      return;
    }
    check_size(end);
    after_cr_ = bytes[end] == '\r';
    if (partial_line_.empty()) {
      line(bytes.substr(0, end), out);
    } else {
      partial_line_ += bytes.substr(0, end);
      line(partial_line_, out);
      partial_line_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

void sse_parser::check_size(std::size_t more) const {
  const auto held = data_.size() + partial_line_.size();
  if (more <= max_event_bytes_ && held <= max_event_bytes_ - more) return;
  throw error{errc::too_large, "a server-sent event is larger than " +
                                   std::to_string(max_event_bytes_) + " bytes (max_event_bytes)"};
}

void sse_parser::line(std::string_view text, const sink& out) {
  if (first_line_) {
    first_line_ = false;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  }
  if (text.empty()) return dispatch(out);
  const auto colon = text.find(':');
  if (colon == 0) return;  // a comment, often a sign of life
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  field(text.substr(0, colon), value);
}

void sse_parser::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) {
      id_ = value;
      has_id_ = true;
    }
  } else if (name == "retry") {
    std::uint32_t number = 0;
    const auto* end = value.data() + value.size();
    const auto [stopped, problem] = std::from_chars(value.data(), end, number);
    if (problem == std::errc{} && stopped == end) {
      reconnect_after_ = std::chrono::milliseconds{number};
    }
  }
}

void sse_parser::dispatch(const sink& out) {
  if (std::exchange(has_id_, false)) last_id_ = id_;
  if (has_data_) {
    out({.type = type_.empty() ? std::string_view{"message"} : type_, .data = data_, .id = id_});
  }
  has_data_ = false;
  data_.clear();
  type_.clear();
}

}  // namespace mcp::providers
