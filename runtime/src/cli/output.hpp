#pragma once

#include <stdexcept>
#include <string_view>

namespace mcp::cluster {

/// Standard output cannot be written: its reader is gone, or a disk is full.
class output_closed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes `text` whole to standard output. Throws `output_closed`.
void print(std::string_view text);
/// The same with a line end.
void print_line(std::string_view text);
/// "mcp-cluster: " and `text` on standard error, and `advice`, unless empty, on a line of its own.
/// Control characters are left out. Failure to write is ignored.
void complain(std::string_view text, std::string_view advice = {});

}  // namespace mcp::cluster
