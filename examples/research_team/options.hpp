#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace research {

/// What is shown on standard error while the team works.
enum class progress_kind : std::uint8_t {
  automatic,  ///< lines and a bar on a terminal, nothing elsewhere
  plain,      ///< lines, wherever it goes
  none,
};

/// What the command line asks for.
struct command_options {
  std::string question;
  std::string folder;
  std::optional<std::string> graph;  ///< mermaid, dot or json: draw, do not run
  std::optional<std::string> store;  ///< SQLite file
  std::string thread;
  std::optional<std::string> resume;  ///< thread
  std::optional<std::string> answer;
  int rounds = 3;
  int slow_ms = 0;
  progress_kind progress = progress_kind::automatic;
  bool json = false;
  bool yes = false;
  bool ask = false;
  bool help = false;
  bool version = false;
};

/// A command line that cannot be understood.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Whether the command line asks for JSON, as far as it can be understood: its errors are told so
/// too.
bool wants_json(int count, const char* const* arguments);

/// Throws `usage_error`.
command_options parse_options(int count, const char* const* arguments);

extern const char* const help_text;

/// Exit codes; `help_text` says when.
enum exit_code : int {
  exit_answered = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_nothing_found = 3,
  exit_waits = 4,
  exit_no_documents = 5,
  exit_no_store = 6,
};

}  // namespace research
