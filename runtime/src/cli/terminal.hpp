#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mcp::cluster {

/// What a terminal has to be told so that `lines` stay and `rows` stand below them, in place of the
/// `old_rows` rows that stand there now. The cursor is then below the last row. Pure.
[[nodiscard]] std::string redraw(std::size_t old_rows, const std::vector<std::string>& lines,
                                 const std::vector<std::string>& rows);

struct terminal_size {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Standard error as a screen: lines that stay, and rows below them that are redrawn in place.
/// Without a terminal rows are left out. One thread at a time.
class terminal {
 public:
  terminal();
  /// Takes the rows away.
  ~terminal();
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  /// Standard error is a terminal that can be redrawn.
  [[nodiscard]] bool live() const noexcept { return live_; }
  [[nodiscard]] static terminal_size size();
  void show(const std::vector<std::string>& lines, const std::vector<std::string>& rows = {});

 private:
  bool live_;
  std::size_t drawn_ = 0;  ///< rows that stand on the screen
};

}  // namespace mcp::cluster
