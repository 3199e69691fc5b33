#include "report.hpp"

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <vector>

#include <unistd.h>

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

struct told_error {
  std::string code;
  std::string message;
};
MCP_STRUCT(told_error, code, message)

struct failure_report {
  told_error error;
};
MCP_STRUCT(failure_report, error)

namespace {

/// The reply, with an option's number as its text.
std::string reply_in_words(const reading& doubt) {
  for (std::size_t i = 0; i < doubt.options.size(); ++i) {
    if (doubt.reply == std::to_string(i + 1)) return doubt.options[i];
  }
  return doubt.reply;
}

}  // namespace

std::string text_report(const team_state& state) {
  std::string text;
  const auto& doubt = state.clarification;
  if (!doubt.asked.empty()) {
    const bool same_words = state.asked.text == analyse(state.question_text).text;
    const auto taken = same_words ? reply_in_words(doubt) : std::string{};
    if (!same_words || !taken.empty()) {
      text +=
          "(Read as: " + state.asked.text + (taken.empty() ? "" : " - about: " + taken) + ")\n\n";
    }
  }
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

std::string error_report(const std::string& code, const std::string& message) {
  return mcp::to_json(failure_report{{code, message}});
}

void write_out(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw output_error{"the output could not be written: " +
                         std::generic_category().message(errno)};
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace research
