#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace mcp::protocol {

/// Cuts a stream of bytes into lines, without their ends. Holds at most one line.
class line_splitter {
 public:
  explicit line_splitter(std::size_t max_line) : max_line_(max_line) {}

  /// False: a line is longer than the limit. It is dropped, up to its end.
  bool feed(std::string_view bytes, const std::function<void(std::string_view)>& out) {
    bool fits = true;
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto piece = bytes.substr(0, end);
      if (partial_.size() + piece.size() > max_line_) {
        fits = fits && skipping_;
        skipping_ = true;
        partial_.clear();
      }
      if (!skipping_) partial_ += piece;
      if (end == std::string_view::npos) break;
      if (!skipping_) {
        if (partial_.ends_with('\r')) partial_.pop_back();
        if (!partial_.empty()) out(partial_);
      }
      partial_.clear();
      skipping_ = false;
      bytes.remove_prefix(end + 1);
    }
    return fits;
  }

 private:
  std::size_t max_line_;
  std::string partial_;
  bool skipping_ = false;
};

}  // namespace mcp::protocol
