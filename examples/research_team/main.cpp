// A team of agents that answers a question from a folder of documents. See README.md.

#include "options.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "team/team.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <mcp/mcp.hpp>
#include <unistd.h>

namespace {

using namespace research;
using team_run = mcp::run_handle<team_state>;

/// Whether a line on standard error can be drawn anew.
bool can_draw() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view{kind} != "dumb";
}

/// One call of the command.
class command {
 public:
  explicit command(command_options options)
      : options_(std::move(options)),
        terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1),
        progress_(options_.quiet, can_draw()) {}

  int run() {
    if (!options_.resume) {
      options_.folder = std::filesystem::weakly_canonical(options_.folder).string();
      static_cast<void>(documents_->open(options_.folder));  // fails here rather than in the run
    }
    mcp::executor<team_state> team{team_graph(documents_), {.store = open_store()}};
    auto current = options_.resume ? resumed(team) : started(team);
    for (;;) {
      if (current) progress_.follow(current->stream());
      const auto thread = current ? current->thread_id() : *options_.resume;
      if (current) {
        const auto result = current->join();
        if (result.status() != mcp::run_status::interrupted) {
          result.check();
          return print(result.state(), thread);
        }
      }
      const auto waiting = team.state(thread);
      if (waiting.status == mcp::run_status::done) return print(waiting.values, thread);
      const auto reply = reply_to(waiting);
      if (!reply) return wait_for_answer(waiting, thread);
      current = team.resume(thread, mcp::answers::only(*reply), run_options());
    }
  }

 private:
  [[nodiscard]] mcp::run_options run_options() const {
    return {.thread_id = options_.thread, .events = progress_events};
  }

  [[nodiscard]] std::shared_ptr<mcp::checkpoint_store> open_store() const {
    if (options_.resume && !std::filesystem::exists(*options_.store)) {
      throw mcp::error{mcp::errc::store_failed, "there is no store " + *options_.store};
    }
    return options_.store ? mcp::sqlite_checkpoint_store(*options_.store)
                          : mcp::in_memory_checkpoint_store();
  }

  /// A run that the executor has taken up from the store for this question, or else a new one.
  team_run started(mcp::executor<team_state>& team) {
    std::optional<team_run> same;
    for (auto& run : team.recovered()) {
      const auto state = team.state(run.thread_id()).values;
      const bool wanted = options_.thread.empty() ? state.question_text == options_.question &&
                                                        state.folder == options_.folder
                                                  : run.thread_id() == options_.thread;
      if (wanted && !same) {
        progress_.say("team", "goes on with thread " + run.thread_id());
        same = run;
      } else {
        progress_.say("team",
                      "also goes on with thread " + run.thread_id() + ": " + state.question_text);
      }
    }
    if (same) return *same;
    using update = mcp::update<team_state>;
    return team.start_with(update{}
                               .set(&team_state::question_text, options_.question)
                               .set(&team_state::folder, options_.folder)
                               .set(&team_state::max_rounds, options_.rounds)
                               .set(&team_state::slow_ms, options_.slow_ms),
                           run_options());
  }

  /// Nothing when the thread has ended or waits for an answer.
  std::optional<team_run> resumed(mcp::executor<team_state>& team) {
    if (auto found = team.find(*options_.resume)) return found;
    const auto status = team.state(*options_.resume).status;
    if (status == mcp::run_status::done || status == mcp::run_status::interrupted) return {};
    return team.resume(*options_.resume, {}, run_options());
  }

  /// What the person says to the question the run waits with; nothing when nobody is to be asked.
  std::optional<std::string> reply_to(const mcp::thread_state<team_state>& waiting) {
    if (options_.answer) return std::exchange(options_.answer, std::nullopt);
    const auto doubt = mcp::from_json<reading>(waiting.interrupts.at(0).question);
    if (options_.yes || (!terminal_ && !options_.ask)) {
      const std::string first = doubt.options.empty() ? "" : "1";
      progress_.say("clarify", doubt.asked + " Nobody to ask; I take " +
                                   (first.empty() ? "it as it is" : doubt.options.front()));
      return first;
    }
    if (!terminal_) return std::nullopt;
    std::cerr << printable(doubt.asked) << '\n';
    for (std::size_t i = 0; i < doubt.options.size(); ++i) {
      std::cerr << "  " << i + 1 << ") " << printable(doubt.options[i]) << '\n';
    }
    std::cerr << "> " << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
  }

  int wait_for_answer(const mcp::thread_state<team_state>& waiting, const std::string& thread) {
    auto shown = waiting.values;
    shown.clarification = mcp::from_json<reading>(waiting.interrupts.at(0).question);
    if (options_.json) std::cout << json_report(shown, thread, "interrupted") << '\n';
    progress_.say("clarify", shown.clarification.asked);
    for (std::size_t i = 0; i < shown.clarification.options.size(); ++i) {
      progress_.say("", std::to_string(i + 1) + ") " + shown.clarification.options[i]);
    }
    if (options_.store) {
      progress_.say("team", "waits for: --store " + *options_.store + " --resume " + thread +
                                " --answer TEXT");
    }
    return exit_waits;
  }

  [[nodiscard]] int print(const team_state& state, const std::string& thread) const {
    if (options_.json) {
      std::cout << json_report(state, thread, "done") << '\n';
    } else {
      std::cout << printable(text_report(state));
    }
    if (!std::cout.flush()) return exit_failed;
    return state.written.sources.empty() ? exit_nothing_found : exit_answered;
  }

  command_options options_;
  bool terminal_;
  progress progress_;
  std::shared_ptr<shelf> documents_ = std::make_shared<shelf>();
};

int draw(const std::string& format) {
  const auto drawing = format == "dot"    ? mcp::drawing::dot
                       : format == "json" ? mcp::drawing::json
                                          : mcp::drawing::mermaid;
  std::cout << team_graph(std::make_shared<shelf>()).draw(drawing, 1) << '\n';
  return exit_answered;
}

int complain(const std::exception& problem, int code) {
  std::cerr << "research_team: " << printable(problem.what()) << '\n';
  return code;
}

bool is_store_problem(mcp::errc code) {
  return code == mcp::errc::store_failed || code == mcp::errc::store_full ||
         code == mcp::errc::corrupt_store || code == mcp::errc::newer_format;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    auto options = parse_options(count, arguments);
    if (options.help) return std::cout << help_text, exit_answered;
    if (options.version) return std::cout << "research_team 0.1.0\n", exit_answered;
    if (options.graph) return draw(*options.graph);
    static_cast<void>(analyse(options.question));  // too long: say so before anything is stored
    return command{std::move(options)}.run();
  } catch (const usage_error& problem) {
    std::cerr << "research_team: " << problem.what() << "\nSee research_team --help.\n";
    return exit_usage;
  } catch (const question_error& problem) {
    return complain(problem, exit_usage);
  } catch (const corpus_error& problem) {
    return complain(problem, exit_no_documents);
  } catch (const mcp::error& problem) {
    return complain(problem, is_store_problem(problem.code()) ? exit_no_store : exit_failed);
  } catch (const std::exception& problem) {
    return complain(problem, exit_failed);
  }
}
