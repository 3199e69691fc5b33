#include "command.hpp"

#include "documents/ambiguity.hpp"
#include "report.hpp"

#include <cstddef>
#include <filesystem>
#include <iostream>
#include <utility>

#include <unistd.h>

namespace research {
namespace {

/// Waiting threads of a store that are looked through for the same question.
constexpr std::size_t max_waiting_runs = 10'000;

reading question_of(const mcp::thread_state<team_state>& waiting) {
  return mcp::from_json<reading>(waiting.interrupts.at(0).question);
}

/// Throws `usage_error` when the reply names an option that is not there.
void check_reply(const std::string& reply, const reading& doubt) {
  const auto why = refusal(reply, doubt.options.size());
  if (!why.empty()) throw usage_error{"--answer: " + why};
}

}  // namespace

command::command(command_options options)
    : options_(std::move(options)),
      terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1),
      progress_(options_.progress) {}

int command::run() {
  if (!options_.resume) {
    options_.folder = std::filesystem::weakly_canonical(options_.folder).string();
    static_cast<void>(documents_->open(options_.folder));  // fails here rather than in the run
  }
  const auto store = open_store();
  team_executor team{team_graph(documents_), {.store = store}};
  std::optional<team_run> current;
  std::optional<std::string> thread = options_.resume;
  if (thread) {
    current = resumed(team);
  } else if (current = recovered_run(team); !current) {
    thread = waiting_thread(*store, team);
    if (!thread) current = started(team);
  }
  if (current) thread = current->thread_id();
  for (;;) {
    if (current) {
      progress_.follow(current->stream());
      const auto result = current->join();
      if (result.status() != mcp::run_status::interrupted) {
        result.check();
        return print(result.state(), *thread);
      }
    }
    const auto waiting = team.state(*thread);
    if (waiting.status == mcp::run_status::done) return show_ended(waiting.values, *thread);
    const auto reply = reply_to(waiting, *thread);
    if (!reply) return wait_for_answer(waiting, *thread);
    current = team.resume(*thread, mcp::answers::only(*reply), run_options());
  }
}

mcp::run_options command::run_options() const {
  return {.thread_id = options_.thread, .events = progress_events};
}

std::shared_ptr<mcp::checkpoint_store> command::open_store() const {
  if (options_.resume && !std::filesystem::exists(*options_.store)) {
    throw mcp::error{mcp::errc::store_failed, "there is no store " + *options_.store};
  }
  return options_.store ? mcp::sqlite_checkpoint_store(*options_.store)
                        : mcp::in_memory_checkpoint_store();
}

bool command::asks_the_same(const team_state& state, const std::string& thread) const {
  return state.question_text == options_.question && state.folder == options_.folder &&
         (options_.thread.empty() || options_.thread == thread);
}

/// The run that the executor has taken up from the store for this question, or for this thread.
std::optional<command::team_run> command::recovered_run(team_executor& team) {
  std::optional<team_run> same;
  for (auto& run : team.recovered()) {
    const auto state = team.state(run.thread_id()).values;
    const bool wanted = asks_the_same(state, run.thread_id()) || run.thread_id() == options_.thread;
    if (wanted && !same) {
      progress_.say("team", "goes on with thread " + run.thread_id());
      same = run;
    } else {
      progress_.say("team",
                    "also goes on with thread " + run.thread_id() + ": " + state.question_text);
    }
  }
  return same;
}

/// The newest thread that waits with a question back about this question: of a process that was
/// killed meanwhile, or that left it waiting.
std::optional<std::string> command::waiting_thread(mcp::checkpoint_store& store,
                                                   team_executor& team) {
  if (!options_.store) return {};
  mcp::run_query query{.graph = "research_team",
                       .statuses = {mcp::run_status::interrupted},
                       .limit = max_waiting_runs};
  if (!options_.thread.empty()) query.thread_id = options_.thread;
  const auto runs = store.runs(query);
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const auto state = team.state(run->thread_id);
    const bool waits = state.status == mcp::run_status::interrupted && !state.interrupts.empty();
    if (!waits || !asks_the_same(state.values, run->thread_id)) continue;
    progress_.say("team", "goes on with thread " + run->thread_id + ", which waits for an answer");
    return run->thread_id;
  }
  return {};
}

command::team_run command::started(team_executor& team) {
  return team.start_with(mcp::update<team_state>{}
                             .set(&team_state::question_text, options_.question)
                             .set(&team_state::folder, options_.folder)
                             .set(&team_state::max_rounds, options_.rounds)
                             .set(&team_state::slow_ms, options_.slow_ms),
                         run_options());
}

/// Nothing when the thread has ended or waits for an answer.
std::optional<command::team_run> command::resumed(team_executor& team) {
  if (auto found = team.find(*options_.resume)) return found;
  const auto status = team.state(*options_.resume).status;
  if (status == mcp::run_status::done || status == mcp::run_status::interrupted) return {};
  return team.resume(*options_.resume, {}, run_options());
}

/// What the person says to the question the run waits with; nothing when nobody is to be asked.
std::optional<std::string> command::reply_to(const waiting_state& waiting,
                                             const std::string& thread) {
  const auto doubt = question_of(waiting);
  if (options_.answer) {
    check_reply(*options_.answer, doubt);
    return std::exchange(options_.answer, std::nullopt);
  }
  if (options_.yes || (!terminal_ && !options_.ask)) {
    // Without a word to search for there is no reading to take, only subjects to choose from.
    const auto& asked = waiting.values.asked;
    const bool readings = !asked.terms.empty() || !pronoun_in(asked).empty();
    const std::string first = readings && !doubt.options.empty() ? "1" : "";
    progress_.say("clarify", doubt.asked + " Nobody to ask; I take " +
                                 (first.empty() ? "it as it is" : doubt.options.front()));
    return first;
  }
  return terminal_ ? ask_person(doubt, thread) : std::nullopt;
}

std::optional<std::string> command::ask_person(const reading& doubt, const std::string& thread) {
  std::cerr << printable(doubt.asked) << '\n';
  for (std::size_t i = 0; i < doubt.options.size(); ++i) {
    std::cerr << "  " << i + 1 << ") " << printable(doubt.options[i]) << '\n';
  }
  if (options_.store) {
    std::cerr << "(thread " << printable(thread) << "; Ctrl-D leaves it waiting)\n";
  }
  for (std::string line;;) {
    std::cerr << "> " << std::flush;
    if (!std::getline(std::cin, line)) {
      std::cerr << '\n';
      return std::nullopt;
    }
    const auto why = refusal(line, doubt.options.size());
    if (why.empty()) return line;
    std::cerr << printable(why) << '\n';
  }
}

int command::wait_for_answer(const waiting_state& waiting, const std::string& thread) {
  auto shown = waiting.values;
  shown.clarification = question_of(waiting);
  if (options_.json) write_out(json_report(shown, thread, "interrupted") + '\n');
  std::string text = shown.clarification.asked + '\n';
  for (std::size_t i = 0; i < shown.clarification.options.size(); ++i) {
    text += "  " + std::to_string(i + 1) + ") " + shown.clarification.options[i] + '\n';
  }
  if (options_.store) {
    text += "the run waits; answer with: --store " + *options_.store + " --resume " + thread +
            " --answer TEXT\n";
  } else {
    text += "nobody answered, and without --store FILE the run cannot wait\n";
  }
  std::cerr << printable(text);
  return exit_waits;
}

/// The answer of a thread that had ended before. An answer to a question that nobody asks is
/// refused, unless it is the one that was given: the same command twice is one command.
int command::show_ended(const team_state& state, const std::string& thread) const {
  if (options_.answer && state.clarification.reply != *options_.answer) {
    throw usage_error{"--answer: thread " + thread +
                      " has ended and asks nothing; leave --answer away to see its answer"};
  }
  return print(state, thread);
}

int command::print(const team_state& state, const std::string& thread) const {
  write_out(options_.json ? json_report(state, thread, "done") + '\n'
                          : printable(text_report(state)));
  return state.written.sources.empty() ? exit_nothing_found : exit_answered;
}

}  // namespace research
