#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/logging.hpp"
#include "cli/serve_desk.hpp"
#include "cli/stopping.hpp"
#include "cli/stored.hpp"
#include "cli/traces.hpp"
#include "members/cluster_worker.hpp"
#include "monitor/http_monitor.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <spdlog/spdlog.h>
#include <unistd.h>

// The commands that stay: `serve` and `join`.

namespace mcp::cluster {
namespace {

constexpr std::chrono::milliseconds look_for_end_every{200};
/// For what is still at work when all else has ended; after a second signal.
constexpr std::chrono::seconds time_to_end{5};
constexpr std::chrono::seconds hurried_time_to_end{1};
constexpr std::chrono::milliseconds look_for_agents_every{500};
/// Of a server without a file, unless somebody says otherwise.
constexpr const char* default_store_path = "mcp-cluster.db";

constexpr std::chrono::seconds patience_with_receiver{5};

void start_log(const command_options& options, const std::string& member) {
  log_lines(options.log == "json" ? log_format::json : log_format::text, options.log_level, member);
}

/// Until the process is asked to end, or `over`.
template <class Over>
void wait_for_signal(const stop_signals& signals, Over over) {
  while (!over() && !signals.wait_for(look_for_end_every)) {
  }
}

std::string host_name() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return "member";
  name.resize(name.find('\0'));
  return name;
}

/// As it is given, or as the certificate says.
std::string member_name(const command_options& options, std::string otherwise) {
  if (!options.member.empty()) return options.member;
  if (options.certificate.empty()) return otherwise;
  return tls_context{{options.certificate, options.key, options.authority}}.name();
}

std::pair<std::string, std::string> label_of(const std::string& text) {
  const auto at = text.find('=');
  if (at != std::string::npos && at > 0) return {text.substr(0, at), text.substr(at + 1)};
  throw error{errc::invalid_argument, "\"" + text + "\" is no label; write NAME=TEXT"};
}

/// Null without --monitor. `measure` is called before metrics are shown; `refusal` says why the
/// process is not ready, or nothing.
std::unique_ptr<http_monitor> start_monitor(const command_options& options, metrics& counts,
                                            std::function<void()> measure,
                                            std::function<std::string()> refusal) {
  if (options.monitor.empty()) return nullptr;
  auto made = std::make_unique<http_monitor>(
      socket_address::parse(options.monitor),
      [&counts, measure = std::move(measure),
       refusal = std::move(refusal)](std::string_view path) -> http_monitor::answer {
        if (path == "/metrics") {
          measure();
          return {200, "text/plain; version=0.0.4; charset=utf-8", counts.text()};
        }
        if (path == "/healthz") return {.body = "ok\n"};
        if (path == "/readyz") {
          const auto why = refusal();
          if (why.empty()) return {.body = "ok\n"};
          return {.status = 503, .body = why + '\n'};
        }
        return {.status = 404, .body = "known are /metrics, /healthz and /readyz\n"};
      });
  spdlog::info("metrics and health at http://{}", made->address().text());
  return made;
}

}  // namespace

namespace {

/// False: it was asked to end before it could begin. Agents live in one server: another one stands
/// by until that one is gone.
bool begin(serve_desk& desk, const stop_signals& signals, const std::atomic<bool>& lost) {
  for (bool told = false; !lost; told = true) {
    try {
      desk.begin();
      return true;
    } catch (const error& busy) {
      if (busy.code() != errc::thread_busy) throw;
      if (!told) spdlog::info("stands by, until the agents are free: {}", busy.message());
    }
    if (signals.wait_for(look_for_agents_every)) break;
  }
  return false;
}

int lost_lease() {
  spdlog::error("the store's other servers have taken this one for dead; start it anew");
  return exit_lease_lost;
}

worker_options worker_options_of(const command_options& options, const std::string& name,
                                 std::shared_ptr<span_sink> spans) {
  worker_options made;
  made.cluster = options.cluster;
  made.name = name;
  made.tls = {options.certificate, options.key, options.authority};
  for (const auto& text : options.labels) made.labels.insert(label_of(text));
  made.slots = options.slots;
  made.load = load_options_of(options);
  made.spans = std::move(spans);
  return made;
}

/// The worker inside of a server, a member as any other; null without --slots.
std::unique_ptr<cluster_worker> start_own_worker(const command_options& options,
                                                 const std::string& name,
                                                 const socket_address& server,
                                                 std::shared_ptr<span_sink> spans) {
  if (options.slots == 0) return nullptr;
  auto made = worker_options_of(options, own_worker_of(name), std::move(spans));
  made.server = server;
  if (server.host == "0.0.0.0") made.server.host = "127.0.0.1";
  if (server.host == "::") made.server.host = "::1";
  return std::make_unique<cluster_worker>(std::move(made));
}

}  // namespace

int serve_command(const command_options& options, stop_signals& signals) {
  server_options made;
  made.cluster = options.cluster;
  made.name = member_name(options, made.name);
  const auto name = made.name;
  start_log(options, name);
  const auto traces = start_traces(options, name);
  made.listen = socket_address::parse(options.listen);
  made.tls = {options.certificate, options.key, options.authority};
  if (options.worker_wait > 0) {
    made.placement.patience = std::chrono::seconds{options.worker_wait};
  }
  const auto server = cluster_server::start(std::move(made));
  auto load = load_options_of(options);
  load.workers = server;
  std::atomic<bool> lost{false};
  std::shared_ptr<cluster_system> own;  // of the file, if there is one
  if (!options.file.empty()) own = cluster_system::load(options.file, load);
  const auto store = own ? own->store() : options.store.value_or(default_store_path);
  const auto what = own ? '"' + own->name() + '"' : std::string{"whatever file is submitted"};
  if (own) {
    for (const auto& warning : own->warnings()) spdlog::warn("{}", to_text(warning));
  }
  if (!is_durable(store)) {
    spdlog::warn("the store is \"{}\": runs end with this process", store);
  }
  const auto counts = std::make_shared<metrics>();
  last_resort ending;  // waits for all below
  serve_desk desk{server,
                  options.most_runs,
                  {.own = std::move(own),
                   .load = load,
                   .store = store,
                   .server = name,
                   .on_lost = [&lost] { lost = true; },
                   .counts = options.monitor.empty() ? nullptr : counts,
                   .spans = traces}};
  std::atomic<bool> serving{false};
  {
    const auto monitor = start_monitor(
        options, *counts,
        [&] {
          desk.measure(*counts);
          if (traces) traces->measure(*counts);
        },
        [&]() -> std::string {
          if (lost) return "the lease on the store is lost";
          if (!serving) return "it does not serve yet";
          const auto trouble = desk.trouble();
          return trouble.empty() ? desk.refusal() : "the store is away: " + trouble;
        });
    if (!begin(desk, signals, lost)) return lost ? lost_lease() : exit_done;
    const auto own_worker = start_own_worker(options, name, server->address(), traces);
    serving = true;
    const control_server control{
        options.control.empty() ? default_control_path : options.control,
        [&](const nlohmann::json& request, const control_server::line_sink& answer) {
          desk.handle(request, answer);
        }};
    spdlog::info("serving {}: workers join at {}, control at {}, store {}; {} runs go on", what,
                 server->address().text(), control.path(), shown_store(store), desk.running());
    trouble_log troubles;
    wait_for_signal(signals, [&] {
      troubles.look(desk.trouble());
      return lost.load();
    });
    if (!lost) let_runs_end(desk, std::chrono::seconds{options.drain_within}, signals);
    ending.arm((signals.count() > 1 ? hurried_time_to_end : time_to_end) +
                   (traces ? patience_with_receiver : std::chrono::seconds{0}),
               lost ? exit_lease_lost : exit_done);
  }
  if (traces) static_cast<void>(traces->flush(patience_with_receiver));
  if (lost) return lost_lease();
  spdlog::info("stopped");
  return exit_done;
}

namespace {

using worker_list = std::vector<std::unique_ptr<cluster_worker>>;

void measure(const worker_list& workers, const std::vector<std::string>& addresses, metrics& to) {
  using type = metric_family::type;
  static constexpr metric_family connected{"mcp_worker_connected", "1, or 0 while it tries again.",
                                           type::gauge};
  static constexpr metric_family at_work{"mcp_worker_tasks", "Tasks at work.", type::gauge};
  static constexpr metric_family done{"mcp_worker_tasks_done_total", "Tasks that were answered."};
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const auto now = workers[i]->status();
    const auto& server = addresses[i];
    to.set(connected, {{"server", server}}, now.connected ? 1 : 0);
    to.set(at_work, {{"server", server}}, static_cast<double>(now.at_work));
    to.set(done, {{"server", server}}, static_cast<double>(now.done));
  }
}

std::string refusal(const worker_list& workers) {
  std::string why = "there is no server";
  for (const auto& one : workers) {
    const auto now = one->status();
    if (now.connected) return {};
    if (!now.trouble.empty()) why = now.trouble;
  }
  return why;
}

}  // namespace

int join_command(const command_options& options, stop_signals& signals) {
  const auto name = member_name(options, host_name() + "-" + std::to_string(::getpid()));
  start_log(options, name);
  const auto traces = start_traces(options, name);
  auto made = worker_options_of(options, name, traces);
  worker_list workers;  // one for each server
  for (const auto& address : options.addresses) {
    made.server = socket_address::parse(address);
    workers.push_back(std::make_unique<cluster_worker>(made));
    spdlog::info("member \"{}\" runs nodes for {}", made.name, address);
  }
  metrics counts;
  const auto monitor = start_monitor(
      options, counts,
      [&] {
        measure(workers, options.addresses, counts);
        if (traces) traces->measure(counts);
      },
      [&] { return refusal(workers); });
  wait_for_signal(signals, [] { return false; });
  const auto sum = [&](auto member) {
    std::size_t all = 0;
    for (const auto& one : workers) all += one->status().*member;
    return all;
  };
  const std::chrono::seconds patience{options.drain_within};
  spdlog::info("stopping: {} tasks are at work, and have {} s", sum(&worker_status::at_work),
               patience.count());
  for (const auto& one : workers) one->leave("asked to end");
  const auto idle = [&] {
    return std::all_of(workers.begin(), workers.end(), [](const auto& one) {
      const auto now = one->status();
      return now.idle || (!now.connected && now.at_work == 0);
    });
  };
  if (!wait_until(idle, patience, signals)) {
    spdlog::warn("{} tasks are dropped; the server has them run elsewhere",
                 sum(&worker_status::at_work));
  }
  if (traces) static_cast<void>(traces->flush(patience_with_receiver));
  spdlog::info("stopped after {} tasks", sum(&worker_status::done));
  return exit_done;
}

}  // namespace mcp::cluster
