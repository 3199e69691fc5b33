#include "cli/command_line.hpp"

#include "cli/exit_codes.hpp"
#include "cli/version.hpp"
#include "cluster_file/scalar.hpp"
#include "control/control_server.hpp"

#include <functional>
#include <memory>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>

namespace mcp::cluster {
namespace {

const std::vector<std::string> formats{"mermaid", "dot", "json", "svg"};
const std::vector<std::string> logs{"text", "json"};
const std::vector<std::string> log_levels{"debug", "info", "warning", "error"};
const std::vector<std::string> shells{"bash", "zsh", "fish"};
constexpr std::size_t most_lines = 10'000;
constexpr int most_depth = 64;

/// The parser and what it fills in.
class parser {
 public:
  parser() {
    app_.require_subcommand(1);
    app_.failure_message(CLI::FailureMessage::simple);
    app_.footer(
        "See mcp-cluster COMMAND --help for what a command takes, with examples.\n"
        "Exit codes: 0 done; 1 failed or cancelled; 2 wrong command line; 3 the file has\n"
        "problems; 4 waits for answers; 5 the store cannot be used; 130 interrupted.");
    app_.set_version_flag("--version", std::string{"mcp-cluster "} + program_version);
    add_run();
    add_resume();
    add_readers();
    add_changers();
    add_upkeep();
    add_file_commands();
    add_plugin_commands();
    add_members();
    add_server_commands();
    add_pki_commands();
    add_others();
  }

  CLI::App& app() { return app_; }
  command_options& options() { return options_; }

 private:
  CLI::App* add(command what, const std::string& name, const std::string& description,
                const std::string& examples) {
    auto* made = app_.add_subcommand(name, description);
    made->callback([this, what] { options_.what = what; });
    if (!examples.empty()) made->footer("Examples:\n" + examples);
    return made;
  }

  void add_file(CLI::App* to, bool required = true) {
    to->add_option("file,--file", options_.file, "the cluster file")
        ->type_name("FILE")
        ->required(required);
    add_plugins(to);
  }
  void add_thread(CLI::App* to) {
    to->add_option("thread", options_.thread, "the thread")->type_name("THREAD")->required();
  }
  void add_store(CLI::App* to) {
    to->add_option("--store", options_.store,
                   "a SQLite file, postgresql://…, memory or none, in place of the file's store")
        ->type_name("FILE");
  }
  void add_json(CLI::App* to) { to->add_flag("--json", options_.json, "print JSON"); }
  void add_limit(CLI::App* to, const std::string& of) {
    to->add_option("--limit", options_.limit, "most " + of + " to list (20)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, most_lines));
  }
  void add_models(CLI::App* to) {
    to->add_option("--model", options_.models,
                   "replace a model: NAME=scripted, NAME=replay:FILE, NAME=openai:MODEL or "
                   "NAME=anthropic:MODEL, these with @URL and ,key_env=VARIABLE behind them where "
                   "it is needed; may be repeated")
        ->type_name("NAME=SPEC")
        ->allow_extra_args(false)
        ->check([](const std::string& text) {
          const auto at = text.find('=');
          return at != std::string::npos && at > 0 && at + 1 < text.size()
                     ? std::string{}
                     : "\"" + text + "\" is not NAME=SPEC";
        });
    to->add_flag("--offline", options_.offline, "no network: models answer by their script");
  }
  void add_running(CLI::App* to) {
    to->add_option("--answer", options_.answers,
                   "answer a question: JSON, or ID=JSON with an interrupt's id or node; may be "
                   "repeated")
        ->type_name("ANSWER")
        ->allow_extra_args(false);
    add_store(to);
    add_models(to);
    to->add_flag("--events", options_.events, "print every event as a line of JSON");
    add_json(to);
    to->add_flag("-q,--quiet", options_.quiet, "no progress on standard error");
    add_traces(to);
  }

  void add_run() {
    auto* run = add(command::run, "run", "run a cluster file",
                    "  mcp-cluster run team.yaml --input '{\"question\": \"What is a fork?\"}'\n"
                    "  mcp-cluster run team.yaml --input @question.json --thread t1 --json\n"
                    "  echo '{}' | mcp-cluster run team.yaml --input - --model main=scripted");
    add_file(run);
    run->add_option("--input", options_.input,
                    "the input, a JSON object: as it is, @FILE, or - for standard input")
        ->type_name("JSON");
    run->add_option("--thread", options_.thread, "the thread's name (default: made up)")
        ->type_name("ID");
    add_traceparent(run);
    add_running(run);
  }
  void add_resume() {
    auto* resume =
        add(command::resume, "resume", "go on with a thread that waits, failed or was stopped",
            "  mcp-cluster resume t1 team.yaml --answer true\n"
            "  mcp-cluster resume t1 team.yaml --answer approve=true --answer n=3");
    add_thread(resume);
    add_file(resume, false);
    add_running(resume);
    add_control(resume, "default: this process goes on");
    resume->add_flag("--no-wait", options_.no_wait, "with --control: return when it goes on");
  }
  void add_readers() {
    auto* threads = add(command::threads, "threads", "list the threads of a store, newest first",
                        "  mcp-cluster threads team.yaml\n"
                        "  mcp-cluster threads --store team.db --json");
    add_file(threads, false);
    add_limit(threads, "threads");
    auto* state = add(command::state, "state", "show a thread's state",
                      "  mcp-cluster state t1 team.yaml\n"
                      "  mcp-cluster state t1 team.yaml --at 0198c2d31f5a0001");
    add_thread(state);
    add_file(state);
    state->add_option("--at", options_.checkpoint, "at this checkpoint")->type_name("CHECKPOINT");
    auto* history = add(command::history, "history", "list a thread's checkpoints, newest first",
                        "  mcp-cluster history t1 team.yaml --limit 5");
    add_thread(history);
    add_file(history);
    add_limit(history, "checkpoints");
    auto* tail = add(command::tail, "tail", "show a thread's checkpoints as they appear",
                     "  mcp-cluster tail t1 team.yaml\n"
                     "  mcp-cluster tail t1 --store team.db --from 0198c2d31f5a0001 --json");
    add_thread(tail);
    add_file(tail, false);
    tail->add_option("--from", options_.checkpoint, "only what comes after this checkpoint")
        ->type_name("CHECKPOINT");
    for (auto* one : {threads, state, history, tail}) {
      add_store(one);
      add_json(one);
    }
  }
  void add_changers() {
    auto* fork = add(command::fork, "fork", "make a checkpoint the thread's head again",
                     "  mcp-cluster fork t1 0198c2d31f5a0001 team.yaml\n"
                     "  mcp-cluster resume t1 team.yaml");
    add_thread(fork);
    fork->add_option("checkpoint", options_.checkpoint, "of history")
        ->type_name("CHECKPOINT")
        ->required();
    add_file(fork);
    auto* cancel = add(command::cancel, "cancel",
                       "mark an unfinished run that no process works on as cancelled",
                       "  mcp-cluster cancel t1 team.yaml");
    add_thread(cancel);
    add_file(cancel, false);
    add_control(cancel, "default: the store is changed");
    for (auto* one : {fork, cancel}) {
      add_store(one);
      add_json(one);
    }
  }
  void add_duration(CLI::App* to, const std::string& name, const std::string& description,
                    std::optional<std::chrono::milliseconds>& into) {
    to->add_option_function<std::string>(
          name, [&into](const std::string& text) { into = parse_duration(text); }, description)
        ->type_name("DURATION")
        ->check([](const std::string& text) {
          return parse_duration(text) ? std::string{}
                                      : "\"" + text + "\" is no duration such as 12h or 30d";
        });
  }
  void add_upkeep() {
    auto* prune = add(command::prune, "prune", "remove old checkpoints; no interrupt, no fork",
                      "  mcp-cluster prune team.yaml --thread t1 --keep 10\n"
                      "  mcp-cluster prune --store team.db --older-than 7d");
    prune->add_option("--thread", options_.thread, "of this thread")->type_name("THREAD");
    prune->add_flag("--all", options_.all, "of all threads");
    prune->add_option("--keep", options_.keep, "checkpoints of each branch that stay (1)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000'000}));
    add_duration(prune, "--older-than", "of threads that were not written for so long",
                 options_.older_than);
    auto* remove = add(command::delete_thread, "delete", "delete a thread with its runs",
                       "  mcp-cluster delete t1 team.yaml");
    add_thread(remove);
    auto* copy = add(command::copy, "copy", "copy a thread's checkpoints to a new thread",
                     "  mcp-cluster copy t1 t2 team.yaml");
    add_thread(copy);
    copy->add_option("to", options_.target, "the new thread")->type_name("TO")->required();
    auto* expire = add(command::expire, "expire", "say when a thread may be removed",
                       "  mcp-cluster expire t1 team.yaml --after 30d\n"
                       "  mcp-cluster expire t1 team.yaml --never");
    add_thread(expire);
    add_duration(expire, "--after", "from now on", options_.after);
    expire->add_flag("--never", options_.never, "take its time away");
    auto* sweep =
        add(command::sweep, "sweep", "remove the threads and the memory that have expired",
            "  mcp-cluster sweep team.yaml\n"
            "  mcp-cluster sweep team.yaml --older-than 30d");
    add_duration(sweep, "--older-than",
                 "and threads of the file not written for so long (keep_threads of its store)",
                 options_.older_than);
    auto* backup = add(command::backup, "backup", "copy a SQLite store, also while it is used",
                       "  mcp-cluster backup copy.db team.yaml\n"
                       "  mcp-cluster backup copy.db --store team.db --json");
    backup->add_option("to", options_.target, "the new file")->type_name("TO")->required();
    for (auto* one : {prune, remove, copy, expire, sweep, backup}) {
      add_file(one, false);
      add_store(one);
      add_json(one);
    }
  }
  void add_file_commands() {
    auto* check = add(command::check, "check", "list the problems of a cluster file",
                      "  mcp-cluster check team.yaml\n"
                      "  mcp-cluster check team.yaml --json");
    add_file(check);
    check->add_flag("--servers", options_.servers,
                    "start the servers of mcp_servers too, and look at their tools");
    add_models(check);
    add_json(check);
    auto* graph = add(command::graph, "graph", "draw the graph of a cluster file",
                      "  mcp-cluster graph team.yaml\n"
                      "  mcp-cluster graph team.yaml --format svg --depth 1 > team.svg");
    add_file(graph);
    add_models(graph);
    graph->add_option("--format", options_.format, "mermaid, dot, json or svg (needs dot)")
        ->type_name("FORMAT")
        ->check(CLI::IsMember(formats));
    graph->add_flag("--json", options_.json,
                    "print {format, graph}; the format json is JSON alone");
    graph->add_option("--depth", options_.depth, "levels of subgraphs to draw (0)")
        ->type_name("N")
        ->check(CLI::Range(0, most_depth));
  }
  void add_plugin_commands() {
    auto* plugin = app_.add_subcommand("plugin", "look at plugins, and begin new ones");
    plugin->require_subcommand(1);
    plugin->footer(
        "Examples:\n  mcp-cluster plugin new greeter\n"
        "  mcp-cluster plugin check build/greeter.so");
    const auto add = [&](command what, const std::string& name, const std::string& description) {
      auto* made = plugin->add_subcommand(name, description);
      made->callback([this, what] { options_.what = what; });
      return made;
    };
    auto* check =
        add(command::plugin_check, "check", "show what a plugin offers, or what is wrong");
    auto* trial = add(command::plugin_trial, "trial", "load a plugin for another process");
    trial->group("");
    for (auto* one : {check, trial}) {
      one->add_option("file", options_.file, "the shared object")->type_name("FILE.so")->required();
    }
    add_json(check);
    check->footer(
        "Examples:\n  mcp-cluster plugin check build/greeter.so\n"
        "  mcp-cluster plugin check build/greeter.so --json");
    auto* fresh = add(command::plugin_new, "new", "write the project of a new plugin");
    fresh->add_option("name", options_.name, "the plugin's name")->type_name("NAME")->required();
    fresh->add_option("--folder", options_.folder, "where to (default: NAME)")->type_name("FOLDER");
    add_json(fresh);
    fresh->footer("Examples:\n  mcp-cluster plugin new greeter");
  }
  void add_plugins(CLI::App* to) {
    to->add_option("--plugin", options_.plugins,
                   "a plugin that the file may use under its own name; may be repeated")
        ->type_name("FILE.so")
        ->allow_extra_args(false);
  }
  void add_traces(CLI::App* to) {
    to->add_option("--traces", options_.traces,
                   "send spans there, as OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT)")
        ->type_name("URL");
  }
  void add_traceparent(CLI::App* to) {
    to->add_option("--traceparent", options_.traceparent,
                   "the run belongs below this place in a trace, a header of the W3C's")
        ->type_name("HEADER");
  }
  void add_control(CLI::App* to, const std::string& otherwise) {
    to->add_option("--control", options_.control, "the server's socket (" + otherwise + ")")
        ->type_name("PATH");
  }
  void add_member_options(CLI::App* to) {
    to->add_option("--cluster", options_.cluster,
                   "the cluster's name: members of others are refused (fastmcp)")
        ->type_name("NAME");
    to->add_option("--name", options_.member, "this member's name (default: made up)")
        ->type_name("NAME");
    to->add_option("--cert", options_.certificate, "this member's certificate, a PEM file")
        ->type_name("FILE");
    to->add_option("--key", options_.key, "the key of it")->type_name("FILE");
    to->add_option("--authority", options_.authority, "whose certificates are believed")
        ->type_name("FILE");
    to->add_option("--drain-within", options_.drain_within,
                   "seconds for what is under way when the process is asked to end (30)")
        ->type_name("SECONDS")
        ->check(CLI::Range(std::size_t{0}, std::size_t{86'400}));
    to->add_option("--monitor", options_.monitor,
                   "answer /metrics, /healthz and /readyz over HTTP there")
        ->type_name("HOST:PORT");
    to->add_option("--log", options_.log, "lines on standard error: text or json")
        ->type_name("FORMAT")
        ->check(CLI::IsMember(logs));
    to->add_option("--log-level", options_.log_level, "debug, info, warning or error (info)")
        ->type_name("LEVEL")
        ->check(CLI::IsMember(log_levels));
    add_traces(to);
  }
  void add_worker_options(CLI::App* to, std::size_t least, const std::string& slots) {
    to->add_option("--slots", options_.slots, slots)
        ->type_name("N")
        ->check(CLI::Range(least, std::size_t{10'000}));
    to->add_option("--label", options_.labels,
                   "NAME=TEXT, for nodes that are placed by labels; may be repeated")
        ->type_name("NAME=TEXT")
        ->allow_extra_args(false);
  }
  void add_members() {
    auto* serve = add(command::serve, "serve",
                      "serve a cluster file, or any that is submitted: take runs, let workers join",
                      "  mcp-cluster serve team.yaml --store team.db\n"
                      "  mcp-cluster serve --store runs.db\n"
                      "  mcp-cluster serve team.yaml --listen 127.0.0.1:7800 --log json");
    add_file(serve, false);
    serve->add_option("--listen", options_.listen, "where workers join (127.0.0.1:7787)")
        ->type_name("HOST:PORT");
    add_control(serve, std::string{"to make: "} + default_control_path);
    serve->add_option("--max-runs", options_.most_runs, "runs under way at once (1000)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
    add_worker_options(serve, 0,
                       "tasks that it works on itself, at once, as a worker of its own (0: none)");
    serve
        ->add_option("--worker-wait", options_.worker_wait,
                     "seconds that a task waits for a worker that can take it (86400)")
        ->type_name("SECONDS")
        ->check(CLI::Range(std::size_t{1}, std::size_t{31'536'000}));
    add_member_options(serve);
    add_store(serve);
    add_models(serve);
    auto* join = add(command::join, "join", "run nodes for a server, or for several",
                     "  mcp-cluster join 127.0.0.1:7787 --plugin paint.so\n"
                     "  mcp-cluster join a.example:7787 b.example:7787 --plugin paint.so\n"
                     "  mcp-cluster join 127.0.0.1:7787 --label zone=eu --slots 16");
    join->add_option("address", options_.addresses, "where the servers listen")
        ->type_name("HOST:PORT")
        ->required();
    add_plugins(join);
    add_worker_options(join, 1, "tasks at once, of each server (4 for each processor)");
    add_member_options(join);
    add_models(join);
  }
  void add_server_commands() {
    const std::string here = std::string{"default: "} + default_control_path;
    auto* submit =
        add(command::submit, "submit", "start a run at a server",
            "  mcp-cluster submit --input '{\"question\": \"What is a fork?\"}'\n"
            "  mcp-cluster submit team.yaml --input '{\"question\": \"What is a fork?\"}'\n"
            "  mcp-cluster submit --input @question.json --thread t1 --no-wait");
    submit
        ->add_option("file,--file", options_.file,
                     "run this file, as it is now (default: the server's own)")
        ->type_name("FILE");
    submit
        ->add_option("--input", options_.input,
                     "the input, a JSON object: as it is, @FILE, or - for standard input")
        ->type_name("JSON");
    submit->add_option("--thread", options_.thread, "the thread's name (default: made up)")
        ->type_name("ID");
    add_traceparent(submit);
    submit->add_flag("--no-wait", options_.no_wait, "return when the run is accepted");
    submit->add_flag("--events", options_.events, "print every event as a line of JSON");
    auto* wait =
        add(command::wait, "wait", "wait for the end of a thread's run, at any server of its store",
            "  mcp-cluster wait t1\n"
            "  mcp-cluster wait t1 --control b.sock");
    add_thread(wait);
    wait->add_flag("--events", options_.events, "print every event as a line of JSON");
    auto* drain =
        add(command::drain, "drain", "give a member no more tasks", "  mcp-cluster drain worker-1");
    drain->add_option("member", options_.member, "of members")->type_name("MEMBER")->required();
    auto* stop = add(command::stop_agents, "stop-agents",
                     "stop agents until they are revived: those below a supervisor also across "
                     "restarts, one agent as long as the server runs",
                     "  mcp-cluster stop-agents orders --key 42\n"
                     "  mcp-cluster stop-agents shop.till/ann");
    auto* revive = add(command::revive_agents, "revive-agents", "let stopped agents start again",
                       "  mcp-cluster revive-agents orders");
    for (auto* one : {stop, revive}) {
      one->add_option("who", options_.name, "a supervisor, or one agent: TYPE/KEY")
          ->type_name("NAME")
          ->required();
      one->add_option("--key", options_.key_of_agents, "only the team of this key")
          ->type_name("KEY");
    }
    stop->add_option("--reason", options_.reason, "what those hear who write to them")
        ->type_name("TEXT");
    for (auto* one :
         {submit, wait, drain, stop, revive,
          add(command::agents, "agents", "show the agents of a server and their supervisors",
              "  mcp-cluster agents"),
          add(command::status, "status", "show what a server does", "  mcp-cluster status --json"),
          add(command::members, "members", "list the members of a cluster",
              "  mcp-cluster members"),
          add(command::runs, "runs", "list the runs that are under way", "  mcp-cluster runs")}) {
      add_control(one, here);
      add_json(one);
    }
    add_control(
        add(command::top, "top", "show a cluster as it works, until Ctrl-C", "  mcp-cluster top"),
        here);
  }
  void add_pki_commands() {
    auto* pki = app_.add_subcommand("pki", "make the certificates of a cluster");
    pki->require_subcommand(1);
    pki->footer(
        "Examples:\n  mcp-cluster pki init certs\n"
        "  mcp-cluster pki issue certs server --server\n"
        "  mcp-cluster pki issue certs worker-1 --days 90");
    const auto add = [&](command what, const std::string& name, const std::string& description) {
      auto* made = pki->add_subcommand(name, description);
      made->callback([this, what] { options_.what = what; });
      made->add_option("folder", options_.folder, "where the authority is")
          ->type_name("FOLDER")
          ->required();
      return made;
    };
    auto* init = add(command::pki_init, "init", "make an authority: authority.key, authority.crt");
    init->add_option("--cluster", options_.cluster, "the cluster's name (fastmcp)")
        ->type_name("NAME");
    auto* issue = add(command::pki_issue, "issue", "make a member's certificate and its key");
    issue->add_option("name", options_.member, "the member's name")->type_name("NAME")->required();
    issue->add_flag("--server", options_.for_server, "others may connect to it");
    for (auto* one : {init, issue}) {
      one->add_option("--days", options_.days, "how long it is valid (init 3650, issue 365)")
          ->type_name("N")
          ->check(CLI::Range(std::size_t{1}, std::size_t{36'500}));
      add_json(one);
    }
  }
  void add_others() {
    auto* completion = add(command::completion, "completion", "print a shell's completion script",
                           "  source <(mcp-cluster completion bash)\n"
                           "  mcp-cluster completion fish > "
                           "~/.config/fish/completions/mcp-cluster.fish");
    completion->add_option("shell", options_.shell, "bash, zsh or fish")
        ->type_name("SHELL")
        ->required()
        ->check(CLI::IsMember(shells));
    add_json(completion);
    auto* version = add(command::version, "version", "print the version", "");
    add_json(version);
  }

  CLI::App app_{"mcp-cluster: runs systems of agents that are described in a YAML file.",
                "mcp-cluster"};
  command_options options_;
};

/// What no single option can check.
std::optional<std::string> conflict(const command_options& o) {
  if (o.what == command::resume && o.file.empty() && o.control.empty()) {
    return "give the cluster file, or the server's socket with --control PATH";
  }
  if (o.what == command::resume && o.no_wait && o.control.empty()) {
    return "--no-wait is for a server: name its socket with --control PATH";
  }
  if (o.certificate.empty() != o.key.empty() || o.key.empty() != o.authority.empty()) {
    return "--cert, --key and --authority belong together";
  }
  if (o.what == command::serve && o.slots == 0 && !o.labels.empty()) {
    return "--label is for the tasks that a server works on itself: give --slots, too";
  }
  const bool needs_store = o.what == command::threads ||
                           (o.what >= command::tail && o.what <= command::backup) ||
                           (o.what == command::cancel && o.control.empty());
  if (needs_store && o.file.empty() && !o.store) {
    return "give the cluster file, or the store with --store FILE";
  }
  const int which = (o.thread.empty() ? 0 : 1) + (o.all ? 1 : 0) + (o.older_than ? 1 : 0);
  if (o.what == command::prune && which != 1) {
    return "say which threads: --thread THREAD, --older-than DURATION or --all";
  }
  if (o.what == command::expire && o.never == o.after.has_value()) {
    return "say when: --after DURATION or --never";
  }
  if (o.what == command::sweep && o.older_than && o.file.empty()) {
    return "--older-than needs the cluster file, whose threads are meant";
  }
  if (o.what == command::graph && o.json && o.format == "svg") {
    return "a picture is no JSON: leave out --json, or take another --format";
  }
  if (o.file == "-") return "a cluster file is read from a file, not from standard input";
  return std::nullopt;
}

/// Words that stand where a command should; nothing when there is a command or an option.
std::optional<std::string> wrong_command(CLI::App& app, int count, const char* const* arguments) {
  if (count < 2) return "no command is given";
  const std::string first = arguments[1];
  const bool known =
      !app.get_subcommands([&](const CLI::App* one) { return one->get_name() == first; }).empty();
  if (first.starts_with('-') || known) return std::nullopt;
  return "there is no command \"" + first + "\"";
}

std::string list_of_commands(CLI::App& app) {
  std::string list;
  for (const auto* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    list += (list.empty() ? "" : ", ") + one->get_name();
  }
  return list;
}

command_words words_of(const CLI::App& command) {
  command_words words{.name = command.get_name(), .description = command.get_description()};
  for (const auto* option : command.get_options()) {
    if (option->get_lnames().empty()) continue;
    auto& added = words.options.emplace_back();
    added.name = "--" + option->get_lnames().front();
    added.description = option->get_description();
    added.takes_value = option->get_items_expected_max() > 0;
    if (added.name == "--format") added.choices = formats;
  }
  if (words.name == "completion") words.choices = shells;
  if (words.name == "plugin") words.choices = {"check", "new"};
  if (words.name == "pki") words.choices = {"init", "issue"};
  return words;
}

}  // namespace

std::variant<command_options, command_end> parse_command_line(int count,
                                                              const char* const* arguments) {
  parser made;
  if (const auto problem = wrong_command(made.app(), count, arguments)) {
    return command_end{exit_usage, "mcp-cluster: " + *problem + "\n  commands: " +
                                       list_of_commands(made.app()) + "; see mcp-cluster --help\n"};
  }
  try {
    made.app().parse(count, arguments);
  } catch (const CLI::ParseError& problem) {
    std::ostringstream out;
    std::ostringstream wrong;
    const int code = made.app().exit(problem, out, wrong);
    if (code == 0) return command_end{exit_done, out.str()};
    return command_end{exit_usage,
                       "mcp-cluster: " + std::string{problem.what()} +
                           "\n  see mcp-cluster --help, or mcp-cluster COMMAND --help\n"};
  }
  if (auto problem = conflict(made.options())) {
    return command_end{exit_usage, "mcp-cluster: " + *problem + '\n'};
  }
  return std::move(made.options());
}

std::vector<command_words> known_commands() {
  parser made;
  std::vector<command_words> known;
  for (const auto* one : made.app().get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(words_of(*one));
  }
  return known;
}

}  // namespace mcp::cluster
