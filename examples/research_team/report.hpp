#pragma once

#include "team/states.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace research {

/// The answer as text for a person; several lines.
std::string text_report(const team_state& state);

/// One JSON object in one line: thread, status, question, sub_questions, answer, citations, rounds
/// and more. `thread` names the run's thread. `status`: "done", or "interrupted" while the question
/// in `clarification` waits.
std::string json_report(const team_state& state, const std::string& thread,
                        const std::string& status);

/// A failure as one JSON object in one line: {"error": {"code": ..., "message": ...}}.
std::string error_report(const std::string& code, const std::string& message);

/// Writes all of `text` to standard output. Throws `output_error`.
void write_out(std::string_view text);

/// Standard output takes no more: a full disk, a closed pipe.
class output_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace research
