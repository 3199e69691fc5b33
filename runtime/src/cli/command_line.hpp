#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mcp::cluster {

enum class command : std::uint8_t {
  run,
  check,
  graph,
  threads,
  state,
  history,
  resume,
  fork,
  cancel,
  tail,
  prune,
  delete_thread,
  copy,
  expire,
  sweep,
  backup,
  plugin_check,
  plugin_new,
  plugin_trial,  ///< the other side of `try_plugin`; not for people
  serve,
  join,
  submit,
  wait,
  status,
  members,
  runs,
  drain,
  agents,
  stop_agents,
  revive_agents,
  top,
  pki_init,
  pki_issue,
  completion,
  version,
};

/// What the person typed, checked as far as one can without reading a file.
struct command_options {
  command what = command::version;
  std::string file{};        ///< empty: not given
  std::string thread{};      ///< empty: not given
  std::string checkpoint{};  ///< of `fork` and `--at`, `--from`; empty: not given
  std::string target{};      ///< of `copy`: a thread; of `backup`: a file
  std::size_t keep = 1;      ///< of `prune`: checkpoints of each branch
  bool all = false;          ///< of `prune`
  bool never = false;        ///< of `expire`
  std::optional<std::chrono::milliseconds> after{};       ///< of `expire`
  std::optional<std::chrono::milliseconds> older_than{};  ///< of `prune` and `sweep`
  std::string input{};       ///< JSON, @FILE, or - for standard input; empty: not given
  std::optional<std::string> store{};
  std::vector<std::string> models{};   ///< NAME=SPEC
  std::vector<std::string> answers{};  ///< ID=JSON or JSON
  std::string format = "mermaid";      ///< of `graph`
  std::string shell{};                 ///< of `completion`
  std::vector<std::string> plugins{};  ///< shared objects, beside those of the file
  std::string name{};           ///< of `plugin new`; whom `stop-agents` and `revive-agents` mean
  std::string key_of_agents{};  ///< empty: all keys
  std::string reason{};         ///< of `stop-agents`
  std::string folder{};         ///< of `plugin new`; empty: the name
  int depth = 0;                ///< levels of subgraphs that `graph` draws
  std::size_t limit = 20;       ///< lines of `threads` and `history`
  bool offline = false;
  bool events = false;
  bool json = false;
  bool quiet = false;
  std::string listen = "127.0.0.1:7787";  ///< of `serve`
  std::string monitor{};                  ///< of `serve` and `join`: where to answer HTTP
  std::vector<std::string> addresses{};   ///< of `join`
  std::string control{};                  ///< path of a server's socket; empty: not given
  std::string cluster = "fastmcp";
  std::string certificate{};  ///< of this member; with `key` and `authority`
  std::string key{};
  std::string authority{};
  std::size_t days = 0;               ///< of `pki`; 0: not given
  bool for_server = false;            ///< of `pki issue`
  std::string member{};               ///< a name; empty: not given
  std::vector<std::string> labels{};  ///< NAME=TEXT
  std::size_t slots = 0;              ///< 0: not given
  std::size_t most_runs = 1'000;      ///< of `serve`
  std::size_t drain_within = 30;      ///< seconds
  std::size_t worker_wait = 0;        ///< seconds, of `serve`; 0: not given
  std::string log = "text";
  std::string log_level = "info";
  std::string traces{};       ///< URL of a receiver; empty: not given
  std::string traceparent{};  ///< of `run` and `submit`; empty: not given
  bool no_wait = false;       ///< `submit` returns when the run is accepted
  bool servers = false;       ///< `check` starts the servers of the file
};

/// The program ends here: help, or a command line that is wrong.
struct command_end {
  int code = 0;
  std::string text{};
};

/// Never throws for what the person typed.
[[nodiscard]] std::variant<command_options, command_end> parse_command_line(
    int count, const char* const* arguments);

/// A command as shell completion needs it.
struct command_words {
  std::string name{};
  std::string description{};
  struct option {
    std::string name{};  ///< with its dashes
    std::string description{};
    bool takes_value = false;
    std::vector<std::string> choices{};  ///< of its value
  };
  std::vector<option> options{};
  std::vector<std::string> choices{};  ///< of its first argument; empty: it takes files
};
[[nodiscard]] std::vector<command_words> known_commands();

}  // namespace mcp::cluster
