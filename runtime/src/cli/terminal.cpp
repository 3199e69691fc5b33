#include "cli/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

bool can_redraw() {
  if (isatty(STDERR_FILENO) != 1) return false;
  const char* const kind = std::getenv("TERM");
  return kind != nullptr && *kind != '\0' && std::string_view{kind} != "dumb";
}

}  // namespace

std::string redraw(std::size_t old_rows, const std::vector<std::string>& lines,
                   const std::vector<std::string>& rows) {
  std::string text;
  if (old_rows > 0) text += "\x1b[" + std::to_string(old_rows) + "A\r\x1b[J";
  for (const auto& line : lines) text += line + '\n';
  for (const auto& row : rows) text += row + '\n';
  return text;
}

terminal::terminal() : live_(can_redraw()) {}

terminal::~terminal() {
  show({});
}

terminal_size terminal::size() {
  winsize found{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0) {
    return {};
  }
  return {found.ws_col, found.ws_row};
}

void terminal::show(const std::vector<std::string>& lines, const std::vector<std::string>& rows) {
  static const std::vector<std::string> none;
  const auto& shown = live_ ? rows : none;
  if (lines.empty() && shown.empty() && drawn_ == 0) return;
  const auto text = redraw(drawn_, lines, shown);
  drawn_ = shown.size();
  // Nobody may be reading: progress is not worth a failure.
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
  static_cast<void>(std::fflush(stderr));
}

}  // namespace mcp::cluster
