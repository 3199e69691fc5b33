#pragma once

#include "cli/command_line.hpp"
#include "cli/stop_signals.hpp"

#include <string>
#include <vector>

/// One function per command. Each returns what the program ends with, and throws `mcp::error` or
/// `output_closed` when it cannot do its work.
namespace mcp::cluster {

[[nodiscard]] int run_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int resume_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int check_command(const command_options& options);
[[nodiscard]] int graph_command(const command_options& options);
[[nodiscard]] int threads_command(const command_options& options);
[[nodiscard]] int state_command(const command_options& options);
[[nodiscard]] int history_command(const command_options& options);
[[nodiscard]] int fork_command(const command_options& options);
[[nodiscard]] int cancel_command(const command_options& options);
[[nodiscard]] int prune_command(const command_options& options);
[[nodiscard]] int delete_command(const command_options& options);
[[nodiscard]] int copy_command(const command_options& options);
[[nodiscard]] int expire_command(const command_options& options);
[[nodiscard]] int sweep_command(const command_options& options);
[[nodiscard]] int backup_command(const command_options& options);
[[nodiscard]] int tail_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int plugin_check_command(const command_options& options);
[[nodiscard]] int plugin_new_command(const command_options& options);
[[nodiscard]] int serve_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int join_command(const command_options& options, stop_signals& signals);
/// `submit`, and `resume` and `cancel` with `--control`.
[[nodiscard]] int submit_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int resume_at_server_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int wait_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int cancel_at_server_command(const command_options& options);
[[nodiscard]] int status_command(const command_options& options);
[[nodiscard]] int members_command(const command_options& options);
[[nodiscard]] int runs_command(const command_options& options);
[[nodiscard]] int drain_command(const command_options& options);
[[nodiscard]] int agents_command(const command_options& options);
[[nodiscard]] int stop_agents_command(const command_options& options);
[[nodiscard]] int revive_agents_command(const command_options& options);
[[nodiscard]] int top_command(const command_options& options, stop_signals& signals);
[[nodiscard]] int pki_init_command(const command_options& options);
[[nodiscard]] int pki_issue_command(const command_options& options);
[[nodiscard]] int completion_command(const command_options& options);
[[nodiscard]] int version_command(const command_options& options);

/// The script for "bash", "zsh" or "fish". Pure.
[[nodiscard]] std::string completion_script(const std::string& shell,
                                            const std::vector<command_words>& commands);

}  // namespace mcp::cluster
