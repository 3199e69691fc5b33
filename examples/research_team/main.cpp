// A team of agents that answers a question from a folder of documents. See README.md.

#include "command.hpp"
#include "options.hpp"
#include "report.hpp"
#include "team/team.hpp"

#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <mcp/mcp.hpp>

namespace {

using namespace research;

int draw(const std::string& format) {
  const auto drawing = format == "dot"    ? mcp::drawing::dot
                       : format == "json" ? mcp::drawing::json
                                          : mcp::drawing::mermaid;
  write_out(team_graph(std::make_shared<shelf>()).draw(drawing, 1) + '\n');
  return exit_answered;
}

int execute(int count, char** arguments) {
  auto options = parse_options(count, arguments);
  if (options.help) return write_out(help_text), exit_answered;
  if (options.version) return write_out("research_team 0.1.0\n"), exit_answered;
  if (options.graph) return draw(*options.graph);
  static_cast<void>(analyse(options.question));  // too long: say so before anything is stored
  return command{std::move(options)}.run();
}

/// Says what went wrong on standard error, and to a program on standard output.
int complain(const std::string& code, const std::string& message, bool json, int exit) {
  std::cerr << "research_team: " << printable(message) << '\n';
  if (exit == exit_usage) std::cerr << "See research_team --help.\n";
  if (json) write_out(error_report(code, message) + '\n');
  return exit;
}

bool is_store_problem(mcp::errc code) {
  return code == mcp::errc::store_failed || code == mcp::errc::store_full ||
         code == mcp::errc::corrupt_store || code == mcp::errc::newer_format;
}

bool is_misuse(mcp::errc code) {
  return code == mcp::errc::unknown_thread || code == mcp::errc::invalid_answer;
}

/// The message with what to do, in the words of this program rather than of the library.
std::string told(const mcp::error& problem) {
  if (const auto at = problem.message().find(" is in use by "); at != std::string::npos) {
    return problem.message().substr(0, problem.message().find(';', at)) +
           "; wait for the end of that process, or stop it";
  }
  return problem.what();
}

int guarded(int count, char** arguments, bool json) {
  try {
    return execute(count, arguments);
  } catch (const usage_error& problem) {
    return complain("invalid_argument", problem.what(), json, exit_usage);
  } catch (const question_error& problem) {
    return complain("invalid_argument", problem.what(), json, exit_usage);
  } catch (const corpus_error& problem) {
    return complain("no_documents", problem.what(), json, exit_no_documents);
  } catch (const mcp::error& problem) {
    const int exit = is_store_problem(problem.code()) ? exit_no_store
                     : is_misuse(problem.code())      ? exit_usage
                                                      : exit_failed;
    return complain(std::string{mcp::name(problem.code())}, told(problem), json, exit);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return guarded(count, arguments, wants_json(count, arguments));
  } catch (const std::exception& problem) {  // among them that nothing can be written
    std::cerr << "research_team: " << printable(problem.what()) << '\n';
    return exit_failed;
  }
}
