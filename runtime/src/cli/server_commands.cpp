#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "cluster_file/read_file.hpp"
#include "control/control_server.hpp"
#include "mcp/error.hpp"
#include "script/utf8.hpp"

#include <filesystem>
#include <mutex>
#include <sstream>

#include <unistd.h>

// Commands that ask a server.

namespace mcp::cluster {
namespace {

using json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds look_again{1'000};

std::string socket_of(const command_options& options) {
  return options.control.empty() ? default_control_path : options.control;
}

json ask(const command_options& options, nlohmann::json request) {
  return ask_server(socket_of(options), request);
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_string()) return *found;
  return found->dump();
}

/// "a, b" of a list, "a=b, c=d" of an object, "-" of nothing.
std::string words_at(const json& object, const char* key) {
  std::vector<std::string> words;
  const auto found = object.find(key);
  if (found == object.end()) return "-";
  for (const auto& [name, content] : found->items()) {
    const auto text = content.is_string() ? content.get<std::string>() : content.dump();
    words.push_back(found->is_object() ? name + "=" + text : text);
  }
  return words.empty() ? "-" : joined(words);
}

std::string plugins_of(const json& member) {
  std::vector<std::string> words;
  for (const auto& [name, version] : member.at("plugins").items()) {
    words.push_back(version.is_string() ? name + " " + version.get<std::string>() : name);
  }
  return words.empty() ? "-" : joined(words);
}

std::string members_table(const json& answer) {
  std::vector<std::vector<std::string>> rows{
      {"MEMBER", "STATUS", "TASKS", "SLOTS", "ADDRESS", "PLUGINS", "LABELS", "VERSION"}};
  for (const auto& one : answer.at("members")) {
    rows.push_back({text_at(one, "member"), text_at(one, "status"), text_at(one, "at_work"),
                    text_at(one, "slots"), text_at(one, "address"), plugins_of(one),
                    words_at(one, "labels"), text_at(one, "version")});
  }
  const bool several = answer.value("servers", json::array()).size() > 1;
  return table(rows) +
         (several ? "servers of this store: " + words_at(answer, "servers") + '\n' : "");
}

std::string runs_table(const json& answer, std::size_t most) {
  std::vector<std::vector<std::string>> rows{
      {"THREAD", "RUN", "SINCE", "SYSTEM", "VERSION", "WAITS FOR A WORKER WITH"}};
  const auto& runs = answer.at("runs");
  for (const auto& one : runs) {
    if (rows.size() > most) {
      rows.push_back({std::to_string(runs.size() - most) + " more", "", "", "", "", ""});
      break;
    }
    rows.push_back({text_at(one, "thread"), text_at(one, "run"), text_at(one, "since"),
                    text_at(one, "system"), text_at(one, "version"), text_at(one, "waits_for")});
  }
  return table(rows);
}

/// What no member offers.
std::string wants_text(const json& status) {
  std::string text;
  for (const auto& one : status.value("waits_for", json::array())) {
    text += "\n         " + text_at(one, "tasks") + " for " + text_at(one, "needs") +
            ", which nobody has, since " +
            duration_text(std::chrono::milliseconds{one.value("ms", std::int64_t{0})});
  }
  return text;
}

std::string status_text(const json& s) {
  const auto trouble = s.value("store_trouble", std::string{});
  const auto& runs = s.at("runs");
  const bool has_file = s.contains("file") && s.at("file").is_string();
  const auto served = has_file ? text_at(s, "system") + " (" + text_at(s, "file") + ", " +
                                     text_at(s, "hash").substr(0, 12) + ")"
                               : std::string{"whatever file is submitted"};
  return "system   " + served + ", " +
         std::to_string(s.contains("loaded") ? s.at("loaded").size() : 0) + " loaded\nserver   " +
         text_at(s, "address") + ", process " + text_at(s, "process") + ", version " +
         text_at(s, "version") + ", up " +
         duration_text(std::chrono::milliseconds{s.value("up_ms", std::int64_t{0})}) +
         (s.value("stopping", false) ? ", stopping" : "") + "\nstore    " + text_at(s, "store") +
         (trouble.empty() ? "" : ", away: " + trouble) + "\nmembers  " + text_at(s, "members") +
         ", " + text_at(s, "tasks_waiting") + " tasks wait for one" + wants_text(s) +
         "\nruns     " + text_at(runs, "running") + " of " + text_at(runs, "most") +
         " under way, " + text_at(runs, "refused") + " refused; ended: " + words_at(runs, "ended") +
         "\n";
}

int show(const command_options& options, const char* what, std::string (*text)(const json&)) {
  const auto answer = ask(options, {{"do", what}});
  options.json ? print_line(to_line(answer)) : print(text(answer));
  return exit_done;
}

int code_of(const std::string& status) {
  if (status == "done") return exit_done;
  return status == "interrupted" ? exit_waits : exit_failed;
}

std::string how_to_wait(const command_options& options, const std::string& thread) {
  return "wait for it: mcp-cluster wait " + thread + " --control " + socket_of(options);
}

/// While it lives, the first signal ends the process: a run at a server goes on without its client.
class ends_at_signal {
 public:
  ends_at_signal(stop_signals& signals, const command_options& options) : signals_(signals) {
    signals_.watch([this, &options](int) {
      const std::lock_guard lock{mutex_};
      if (!thread_.empty()) {
        complain("the run of thread " + thread_ + " goes on at the server",
                 how_to_wait(options, thread_));
      } else if (!options.thread.empty()) {
        complain("the server has not said whether it takes the run of thread " + options.thread,
                 how_to_wait(options, options.thread));
      }
      ::_exit(exit_interrupted);
    });
  }
  ~ends_at_signal() { signals_.watch(nullptr); }
  ends_at_signal(const ends_at_signal&) = delete;
  ends_at_signal& operator=(const ends_at_signal&) = delete;

  void accepted(std::string thread) {
    const std::lock_guard lock{mutex_};
    thread_ = std::move(thread);
  }

 private:
  stop_signals& signals_;
  std::mutex mutex_;
  std::string thread_;
};

/// Shows how a run at the server goes on; what the program ends with.
int follow(const command_options& options, stop_signals& signals, nlohmann::json request) {
  ends_at_signal waiting{signals, options};
  request["wait"] = !options.no_wait;
  request["events"] = options.events;
  int code = exit_done;
  ask_server(socket_of(options), request, [&](const json& line) {
    if (const auto event = line.find("event"); event != line.end()) {
      print_line(to_line(*event));
      return true;
    }
    if (const auto accepted = line.find("accepted"); accepted != line.end()) {
      waiting.accepted(text_at(*accepted, "thread"));
      if (!options.no_wait) return true;
      options.json ? print_line(to_line(*accepted)) : print_line(text_at(*accepted, "thread"));
      return false;
    }
    if (line.contains("elsewhere")) return true;
    if (const auto left = line.find("left"); left != line.end()) {
      code = exit_goes_on;
      if (options.json || options.events) print_line(to_line(line));
      const auto thread = text_at(*left, "thread");
      complain("the server stops; the run of thread " + thread +
                   " is stored, and goes on with the next server, or another one",
               how_to_wait(options, thread));
      return false;
    }
    const auto& result = line.at("result");
    code = code_of(text_at(result, "status"));
    if (options.json || options.events) {
      print_line(to_line(result));
    } else if (code == exit_done) {
      print_line(to_line(result.at("output")));
    } else if (code == exit_waits) {
      std::string text = "thread " + text_at(result, "thread") + " waits";
      for (const auto& one : result.at("interrupts")) {
        text += "\n  " + text_at(one, "node") + ": " + text_at(one, "question") + "\n  id " +
                text_at(one, "id");
      }
      complain(text, "go on: mcp-cluster resume " + text_at(result, "thread") + " --control " +
                         socket_of(options) + " --answer JSON");
    } else {
      const auto& wrong = result.at("error");
      auto text = wrong.is_object() ? text_at(wrong, "code") + ": " + text_at(wrong, "message")
                                    : text_at(result, "status");
      if (wrong.contains("advice")) text += "\n" + text_at(wrong, "advice");
      const auto named = text_at(result, "thread");
      complain(text, "thread " + named + "; go on with it: mcp-cluster resume " + named +
                         " --control " + socket_of(options));
    }
    return false;
  });
  return code;
}

}  // namespace

namespace {

/// A cluster file as it travels to a server, which runs on this machine too.
nlohmann::json file_of(const std::string& path) {
  problem_list problems{path};
  auto text = read_bytes(path, problems);
  problems.check();
  if (!is_utf8(*text)) {  // as JSON it would not be the same text
    throw error{errc::invalid_cluster_file,
                path + ": the file is not UTF-8; mcp-cluster check says from where on"};
  }
  return {{"path", std::filesystem::absolute(path).lexically_normal().string()},
          {"text", std::move(*text)}};
}

}  // namespace

int submit_command(const command_options& options, stop_signals& signals) {
  const auto input = nlohmann::json::parse(read_input(options.input), nullptr, false);
  if (!input.is_object()) throw error{errc::malformed_json, "the input is no JSON object"};
  nlohmann::json request{{"do", "submit"}, {"input", input}};
  if (!options.thread.empty()) request["thread"] = options.thread;
  if (!options.file.empty()) request["file"] = file_of(options.file);
  if (!options.traceparent.empty()) request["traceparent"] = options.traceparent;
  return follow(options, signals, std::move(request));
}

int resume_at_server_command(const command_options& options, stop_signals& signals) {
  return follow(options, signals,
                {{"do", "resume"}, {"thread", options.thread}, {"answers", options.answers}});
}

int wait_command(const command_options& options, stop_signals& signals) {
  return follow(options, signals, {{"do", "wait"}, {"thread", options.thread}});
}

int cancel_at_server_command(const command_options& options) {
  const auto answer = ask(options, {{"do", "cancel"}, {"thread", options.thread}});
  const auto& run = answer.at("cancelled");
  options.json
      ? print_line(to_line(run))
      : print_line("cancelled run " + text_at(run, "run") + " of thread " + text_at(run, "thread"));
  return exit_done;
}

int status_command(const command_options& options) {
  return show(options, "status", status_text);
}

int members_command(const command_options& options) {
  return show(options, "members", members_table);
}

int runs_command(const command_options& options) {
  return show(options, "runs", [](const json& answer) {
    constexpr std::size_t most = 1'000;
    return runs_table(answer, most);
  });
}

int drain_command(const command_options& options) {
  const auto answer = ask(options, {{"do", "drain"}, {"member", options.member}});
  options.json ? print_line(to_line(answer))
               : print_line("member " + options.member + " gets no more tasks");
  return exit_done;
}

int top_command(const command_options& options, stop_signals& signals) {
  terminal screen;
  do {
    const auto size = terminal::size();
    const auto text = status_text(ask(options, {{"do", "status"}})) + '\n' +
                      members_table(ask(options, {{"do", "members"}})) + '\n' +
                      runs_table(ask(options, {{"do", "runs"}}), size.rows / 2);
    if (!screen.live()) {
      print(text);
      return exit_done;
    }
    std::vector<std::string> rows;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line) && rows.size() + 1 < size.rows;) {
      rows.push_back(cut_to(line, size.columns));
    }
    screen.show({}, rows);
  } while (!signals.wait_for(look_again));
  return exit_done;
}

}  // namespace mcp::cluster
