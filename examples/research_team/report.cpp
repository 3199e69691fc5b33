#include "report.hpp"

#include <utility>
#include <vector>

namespace research {

/// A sub-question as programs see it.
struct reported_part {
  std::string text;
  bool required = true;
  std::string coverage;
  std::string reason;
};
MCP_STRUCT(reported_part, text, required, coverage, reason)

struct research_report {
  std::string thread;
  std::string status;
  std::string question;
  reading clarification;
  std::vector<reported_part> sub_questions;
  std::string answer;
  std::vector<source> citations;
  std::vector<std::string> gaps;
  std::vector<std::string> notes;
  std::vector<std::string> problems;
  int rounds = 0;
};
MCP_STRUCT(research_report, thread, status, question, clarification, sub_questions, answer,
           citations, gaps, notes, problems, rounds)

std::string text_report(const team_state& state) {
  std::string text;
  const auto& doubt = state.clarification;
  if (!doubt.asked.empty()) text += "(Read as: " + state.asked.text + ")\n\n";
  text += state.written.markdown;
  if (!text.empty() && text.back() != '\n') text += '\n';
  for (const auto& problem : state.problems)
    text += "Citation that does not hold: " + problem + '\n';
  return text;
}

std::string json_report(const team_state& state, const std::string& thread,
                        const std::string& status) {
  research_report report;
  report.thread = thread;
  report.status = status;
  report.question = state.question_text;
  report.clarification = state.clarification;
  for (const auto& part : state.parts) {
    report.sub_questions.push_back({part.text, part.required, {}, {}});
  }
  for (const auto& v : state.verdicts) {
    auto& part = report.sub_questions.at(static_cast<std::size_t>(v.sub_question));
    part.coverage = v.state;
    part.reason = v.reason;
  }
  report.answer = state.written.markdown;
  report.citations = state.written.sources;
  report.gaps = state.written.gaps;
  report.notes = state.notes;
  report.problems = state.problems;
  report.rounds = state.rounds;
  return mcp::to_json(report);
}

}  // namespace research
