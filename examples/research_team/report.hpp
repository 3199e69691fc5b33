#pragma once

#include "team/states.hpp"

#include <string>

namespace research {

/// The answer as text for a person; several lines.
std::string text_report(const team_state& state);

/// One JSON object in one line: thread, status, question, sub_questions, answer, citations, rounds
/// and more. `thread` names the run's thread. `status`: "done", or "interrupted" while the question
/// in `clarification` waits.
std::string json_report(const team_state& state, const std::string& thread,
                        const std::string& status);

}  // namespace research
