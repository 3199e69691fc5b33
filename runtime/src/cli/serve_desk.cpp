#include "cli/serve_desk.hpp"

#include "cli/agent_desk.hpp"
#include "cli/answers.hpp"
#include "cli/input.hpp"
#include "cli/report.hpp"
#include "cli/run_lines.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"
#include "cluster_file/store_place.hpp"

#include <thread>
#include <utility>

#include <unistd.h>

namespace mcp::cluster {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t followed_events = 65'536;
/// Tasks without a worker; beyond, no new runs are taken. Those of the runs under way wait on.
constexpr std::size_t most_waiting = 100'000;
/// At runs of other servers.
constexpr std::chrono::milliseconds look_elsewhere_every{200};
constexpr std::chrono::seconds tell_again{5};

std::string text_of(const nlohmann::json& request, const char* key) {
  const auto found = request.find(key);
  if (found == request.end() || found->is_null()) return {};
  if (found->is_string()) return *found;
  throw error{errc::invalid_argument, std::string{"\""} + key + "\" has to be a text"};
}

std::string needed_text(const nlohmann::json& request, const char* key) {
  auto text = text_of(request, key);
  if (!text.empty()) return text;
  throw error{errc::invalid_argument, std::string{"the request has no \""} + key + "\""};
}

json wants_report(const std::vector<worker_want>& wants) {
  auto list = json::array();
  for (const auto& one : wants) {
    list.push_back({{"needs", one.needs}, {"tasks", one.tasks}, {"ms", one.since.count()}});
  }
  return list;
}

store_time store_time_of(std::chrono::system_clock::time_point time) {
  return std::chrono::time_point_cast<store_time::duration>(time);
}

}  // namespace

serve_desk::serve_desk(std::shared_ptr<cluster_server> server, std::size_t most_runs,
                       served_systems::settings systems)
    : server_(std::move(server)),
      runs_(std::make_shared<run_ledger>(most_runs)),
      systems_(std::move(systems), runs_) {
  if (const auto& files = systems_.files()) {
    server_->keep_pins(
        [files](const std::string& thread, const std::string& run, const plugin_versions& fresh) {
          return files->pin_plugins(thread, run, fresh);
        });
  }
}

void serve_desk::handle(const nlohmann::json& request, const control_server::line_sink& answer) {
  const auto what = needed_text(request, "do");
  if (what == "submit") return submit(request, answer);
  if (what == "resume") return resume(request, answer);
  if (what == "wait") return wait(request, answer);
  json line;
  if (what == "status") {
    line = status();
  } else if (what == "members") {
    line = members();
  } else if (what == "runs") {
    line = runs();
  } else if (what == "cancel") {
    line = cancel(request);
  } else if (what == "drain") {
    line = drain(request);
  } else if (what == "agents") {
    line = agents_report(systems_.loaded());
  } else if (what == "stop_agents") {
    line = stop_agents(systems_.loaded(), needed_text(request, "who"), text_of(request, "key"),
                       text_of(request, "reason"));
  } else if (what == "revive_agents") {
    line = revive_agents(systems_.loaded(), needed_text(request, "who"), text_of(request, "key"));
  } else {
    throw error{errc::invalid_argument,
                "a server does not know how to \"" + what +
                    "\"; known are: status, members, runs, submit, resume, wait, cancel, drain, "
                    "agents, stop_agents, revive_agents"};
  }
  static_cast<void>(answer(line));
}

std::shared_ptr<cluster_system> serve_desk::system_for(const nlohmann::json& request) {
  const auto file = request.find("file");
  if (file != request.end() && !file->is_null()) {
    if (!file->is_object()) {
      throw error{errc::invalid_argument, R"("file" has to be an object with "path" and "text")"};
    }
    return systems_.of_text(needed_text(*file, "path"), needed_text(*file, "text"));
  }
  if (systems_.own()) return systems_.own();
  throw error{errc::invalid_argument,
              "this server was started without a file; say which one to run: mcp-cluster submit "
              "FILE"};
}

void serve_desk::submit(const nlohmann::json& request, const control_server::line_sink& answer) {
  const auto system = system_for(request);
  const auto given = request.value("input", nlohmann::json::object());
  const auto input = parse_input(given.dump(), system->input_schema());
  auto options = options_for(*system, request);
  options.thread_id = text_of(request, "thread");
  options.traceparent = text_of(request, "traceparent");
  if (const auto why = crowd(); !why.empty()) throw error{errc::overloaded, why};
  const auto run = runs_->start(*system, [&] {
    auto made = system->executor().start_with(update<json_state>{system->type()}.set_all(input),
                                              std::move(options));
    system->pin_thread(made.thread_id());
    return made;
  });
  tell_of_run(run, request, answer);
}

void serve_desk::resume(const nlohmann::json& request, const control_server::line_sink& answer) {
  const auto thread = needed_text(request, "thread");
  const auto system = systems_.of_thread(thread);
  const auto found = system->executor().base().state(thread, std::nullopt, "");
  std::vector<std::string> texts;
  for (const auto& one : request.value("answers", nlohmann::json::array())) {
    texts.push_back(one.is_string() ? one.get<std::string>() : one.dump());
  }
  given_answers box{texts};
  answers given;
  for (const auto& [id, content] : box.take(found.interrupts)) given.add_json(id, content.dump());
  if (const auto unused = box.unused(); !unused.empty()) {
    throw error{errc::unknown_interrupt, "nobody asked for these answers: " + unused};
  }
  const auto run = runs_->start(*system, [&] {
    auto made = system->executor().resume(thread, std::move(given), options_for(*system, request));
    system->pin_thread(thread);
    return made;
  });
  tell_of_run(run, request, answer);
}

run_options serve_desk::options_for(const cluster_system& system, const nlohmann::json& request) {
  auto options = system.default_run_options();
  if (!flag_of(request, "events")) return options;
  options.events = all_events;
  options.event_capacity = followed_events;
  return options;
}

void serve_desk::wait(const nlohmann::json& request, const control_server::line_sink& answer) {
  const auto thread = needed_text(request, "thread");
  auto follow = request;
  follow["wait"] = true;
  for (auto told = std::chrono::steady_clock::now();;) {
    for (const auto& one : runs_->live()) {
      if (one.handle.thread_id() == thread) return tell_of_run(one.handle, follow, answer);
    }
    const auto last = systems_.last_run(thread);
    if (!last) {
      throw error{errc::unknown_thread, "no run of thread \"" + thread + "\" is stored"};
    }
    if (last->status != run_status::accepted && last->status != run_status::running) {
      static_cast<void>(answer(stored_end_line(*systems_.of_thread(thread), *last)));
      return;
    }
    if (runs_->counted().closed) {
      static_cast<void>(answer(left_line(thread, last->run_id)));
      return;
    }
    // Another server has it, or nobody yet.
    const auto now = std::chrono::steady_clock::now();
    if (now >= told) {
      if (!answer({{"elsewhere", {{"thread", thread}, {"run", last->run_id}}}})) return;
      told = now + tell_again;
    }
    std::this_thread::sleep_for(look_elsewhere_every);
  }
}

json serve_desk::cancel(const nlohmann::json& request) {
  const auto thread = needed_text(request, "thread");
  for (const auto& one : runs_->live()) {
    if (one.handle.thread_id() != thread) continue;
    one.handle.cancel("cancelled by a person");
    return {{"cancelled", {{"thread", thread}, {"run", one.handle.run_id()}}}};
  }
  throw error{errc::unknown_run, "no run of thread \"" + thread + "\" is under way"};
}

json serve_desk::drain(const nlohmann::json& request) {
  const auto member = needed_text(request, "member");
  if (server_->drain(member)) return {{"draining", member}};
  throw error{errc::invalid_argument, "there is no member \"" + member + "\""};
}

json serve_desk::status() {
  const auto waiting = server_->waiting();
  const auto members = server_->members();
  const auto up = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start_);
  const auto book = runs_->counted();
  json ended = json::object();
  for (const auto& [status, count] : book.ended) ended[status] = count;
  auto loaded = json::array();
  for (const auto& one : systems_.loaded()) {
    loaded.push_back({{"system", one->name()}, {"version", one->version()}, {"file", one->path()}});
  }
  const auto& own = systems_.own();
  const auto of_own = [&](const std::string& text) { return own ? json(text) : json(nullptr); };
  return {{"system", of_own(own ? own->name() : "")},
          {"file", of_own(own ? own->path() : "")},
          {"hash", of_own(own ? own->content_hash() : "")},
          {"loaded", loaded},
          {"store", shown_store(systems_.store())},
          {"store_trouble", systems_.trouble()},
          {"address", server_->address().text()},
          {"version", program_version},
          {"process", ::getpid()},
          {"up_ms", up.count()},
          {"stopping", book.closed},
          {"members", members.size()},
          {"tasks_waiting", waiting},
          {"waits_for", wants_report(server_->wants())},
          {"runs",
           {{"running", book.running},
            {"most", runs_->most()},
            {"refused", book.refused},
            {"ended", ended}}}};
}

json serve_desk::members() {
  auto list = json::array();
  for (const auto& one : server_->members()) {
    auto plugins = json::object();
    for (const auto& name : one.offer.plugins) plugins[name] = nullptr;
    for (const auto& [name, version] : one.offer.versions) plugins[name] = version;
    list.push_back({{"member", one.name},
                    {"address", one.address},
                    {"status", !one.connected ? "lost"
                               : one.draining ? "draining"
                                              : "up"},
                    {"at_work", one.at_work},
                    {"slots", one.offer.slots},
                    {"plugins", plugins},
                    {"labels", one.offer.labels},
                    {"version", one.program}});
  }
  return {{"members", list}, {"servers", systems_.servers()}};
}

json serve_desk::runs() const {
  auto list = json::array();
  const auto wants = server_->wants_of_runs();
  for (const auto& one : runs_->live()) {
    const auto want = wants.find(one.handle.run_id());
    list.push_back({{"thread", one.handle.thread_id()},
                    {"run", one.handle.run_id()},
                    {"system", one.system},
                    {"version", one.version},
                    {"since", time_text(store_time_of(one.since))},
                    {"waits_for", want == wants.end() ? json(nullptr) : json(want->second)}});
  }
  return {{"runs", list}};
}

std::string serve_desk::refusal() const {
  auto why = runs_->refusal();
  return why.empty() ? crowd() : why;
}

std::string serve_desk::crowd() const {
  if (server_->waiting() < most_waiting) return {};
  return std::to_string(most_waiting) + " tasks wait for workers; try again when they are fewer";
}

bool serve_desk::keeps_runs() const {
  return is_durable(systems_.store());
}

void serve_desk::close() {
  systems_.close();
  runs_->close();
}

}  // namespace mcp::cluster
