#pragma once

#include "options.hpp"
#include "progress.hpp"
#include "team/team.hpp"

#include <memory>
#include <optional>
#include <string>

#include <mcp/mcp.hpp>

namespace research {

/// One call of the program: starts a run of the team, or goes on with one, and prints what comes of
/// it.
class command {
 public:
  explicit command(command_options options);

  /// Returns the exit code. Throws `usage_error`, `corpus_error`, `question_error`, `output_error`
  /// and `mcp::error`.
  int run();

 private:
  using team_run = mcp::run_handle<team_state>;
  using team_executor = mcp::executor<team_state>;
  using waiting_state = mcp::thread_state<team_state>;

  [[nodiscard]] mcp::run_options run_options() const;
  [[nodiscard]] std::shared_ptr<mcp::checkpoint_store> open_store() const;
  [[nodiscard]] bool asks_the_same(const team_state& state, const std::string& thread) const;
  std::optional<team_run> recovered_run(team_executor& team);
  std::optional<std::string> waiting_thread(mcp::checkpoint_store& store, team_executor& team);
  team_run started(team_executor& team);
  std::optional<team_run> resumed(team_executor& team);
  std::optional<std::string> reply_to(const waiting_state& waiting, const std::string& thread);
  std::optional<std::string> ask_person(const reading& doubt, const std::string& thread);
  int wait_for_answer(const waiting_state& waiting, const std::string& thread);
  int show_ended(const team_state& state, const std::string& thread) const;
  [[nodiscard]] int print(const team_state& state, const std::string& thread) const;

  command_options options_;
  bool terminal_;  ///< somebody is there to be asked
  progress progress_;
  std::shared_ptr<shelf> documents_ = std::make_shared<shelf>();
};

}  // namespace research
