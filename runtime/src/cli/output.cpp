#include "cli/output.hpp"

#include "cli/text.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <unistd.h>

namespace mcp::cluster {

void print(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw output_closed{"cannot write to standard output: " +
                          std::generic_category().message(errno)};
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void print_line(std::string_view text) {
  print(std::string{text} + '\n');
}

void complain(std::string_view text, std::string_view advice) {
  auto line = "mcp-cluster: " + printable(text, true) + '\n';
  if (!advice.empty()) line += "  " + printable(advice, true) + '\n';
  std::fputs(line.c_str(), stderr);
}

}  // namespace mcp::cluster
