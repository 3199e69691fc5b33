#include "cli/person.hpp"

#include "cli/answers.hpp"
#include "cli/progress_model.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include <poll.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

/// What a schema wants, in a few words.
std::string wanted(const std::string& text) {
  if (asks_for_decision(text)) return "accept, reject REASON, edit ARGUMENTS or respond RESULT";
  auto schema = parsed(text);
  if (!schema.is_object()) return {};
  if (schema.contains("enum")) return "one of " + to_line(schema.at("enum"));
  const auto type = schema.value("type", nlohmann::ordered_json{});
  if (type == "boolean") return "yes or no";
  if (type == "string") return {};
  if (type == "integer" || type == "number") return "a number";
  schema.erase("$comment");
  return "JSON that fits " + to_line(schema);
}

std::string prose(const nlohmann::ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : to_line(value, 2);
}

void tell(const std::string& text) {
  static_cast<void>(std::fputs(printable(text, true).c_str(), stderr));
  static_cast<void>(std::fflush(stderr));
}

}  // namespace

std::string question_text(const pending_interrupt& asked) {
  const auto question = parsed(asked.question);
  auto text = node_path(asked.ns, asked.node) + " asks: " + prose(question);
  // Why it is asked again, if it is.
  if (const auto schema = parsed(asked.schema); schema.is_object() && schema.contains("$comment")) {
    text += "\n" + prose(schema.at("$comment"));
  }
  if (const auto what = wanted(asked.schema); !what.empty()) text += "\n(" + what + ")";
  return printable(text, true);
}

bool person::is_there() {
  return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

std::optional<nlohmann::json> person::answer(const pending_interrupt& asked) {
  tell(question_text(asked) + '\n');
  for (int i = 0; i < max_tries; ++i) {
    tell("> ");
    const auto line = read_line();
    if (!line) break;
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      return read_answer(*line, asked.schema);
    } catch (const error& problem) {
      tell(problem.message() + '\n');
    }
  }
  tell("\n");
  return std::nullopt;
}

bool person::goes_on(const pending_interrupt& stop) {
  tell("The run stopped at " + node_path(stop.ns, stop.node) + ". Go on? (yes or no)\n> ");
  const auto line = read_line();
  return line && !line->empty() && (line->front() == 'y' || line->front() == 'Y');
}

std::optional<std::string> person::read_line() {
  for (;;) {
    if (const auto end = read_.find('\n'); end != std::string::npos) {
      auto line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    if (read_.size() > max_line_bytes) return std::nullopt;
    std::array<pollfd, 2> waited{
        {{STDIN_FILENO, POLLIN, 0}, {signals_.wake_descriptor(), POLLIN, 0}}};
    if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) return std::nullopt;
    if (signals_.count() > 0) return std::nullopt;
    if (waited[0].revents == 0) continue;
    std::array<char, 4096> piece{};
    const auto count = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    read_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace mcp::cluster
