#include "cli/serve_desk.hpp"

#include "cli/answers.hpp"
#include "cli/input.hpp"
#include "cli/report.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"
#include "cluster_file/store_place.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t followed_events = 65'536;
constexpr double weight_of_last = 0.1;

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

bool flag_of(const nlohmann::json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_boolean() && found->get<bool>();
}

store_time store_time_of(std::chrono::system_clock::time_point time) {
  return std::chrono::time_point_cast<store_time::duration>(time);
}

/// About when the next of them ends, were they all as long as those before.
std::chrono::milliseconds time_to_retry(double mean_ms, std::size_t runs) {
  constexpr double least = 100;
  constexpr double most = 60'000;
  const auto share = mean_ms / static_cast<double>(std::max<std::size_t>(runs, 1));
  return std::chrono::milliseconds{std::llround(std::clamp(share, least, most))};
}

json result_line(const run_result_info& result) {
  const bool reached = result.state && result.state.type().id() == typeid(json_state);
  return {{"result",
           {{"thread", result.thread_id},
            {"run", result.run_id},
            {"status", std::string{name(result.status)}},
            {"steps", result.steps},
            {"usage", to_report(result.usage)},
            {"output", reached ? output_of(result.state.as<json_state>()) : json(nullptr)},
            {"interrupts", to_report(result.interrupts)},
            {"error", result.error ? to_report(*result.error) : json(nullptr)}}}};
}

}  // namespace

serve_desk::serve_desk(std::shared_ptr<cluster_system> system,
                       std::shared_ptr<cluster_server> server, std::size_t most_runs,
                       load_options load)
    : system_(std::move(system)),
      server_(std::move(server)),
      most_runs_(most_runs),
      load_(std::move(load)) {}

std::size_t serve_desk::recover(service_options service) {
  service_ = std::move(service);
  service_.pin_versions = true;
  system_->serve_with(service_of(*system_));
  auto count = recover_from(*system_);
  const std::lock_guard lock{older_mutex_};
  for (const auto& version : system_->waiting_versions()) {
    if (version.empty() || version == system_->version()) continue;
    try {
      count += recover_from(*older(version));
    } catch (const error& what) {
      spdlog::error("runs of version {} wait: {}", version, what.what());
    }
  }
  return count;
}

std::size_t serve_desk::recover_from(cluster_system& system) {
  const auto found = system.executor().recovered();
  for (const auto& one : found) take_up(system, ledger_, one);
  return found.size();
}

service_options serve_desk::service_of(cluster_system& system) const {
  auto made = service_;
  // The system outlives the calls: it waits for them before it is gone.
  made.on_recovered = [&system, book = ledger_](const run_handle_base& run) {
    take_up(system, book, handle_type{run});
  };
  return made;
}

std::shared_ptr<cluster_system> serve_desk::system_of(const std::string& thread) {
  const auto version = system_->version_of(thread);
  if (version.empty() || version == system_->version()) return system_;
  const std::lock_guard lock{older_mutex_};
  return older(version);
}

/// The lock is held.
std::shared_ptr<cluster_system> serve_desk::older(const std::string& version) {
  if (const auto known = older_.find(version); known != older_.end()) return known->second;
  auto kept = system_->kept(version);
  if (!kept) {
    throw error{errc::unknown_version,
                "version " + version + " of \"" + system_->name() + "\" is not kept in the store"};
  }
  auto load = load_;
  load.text = std::move(kept->text);
  load.store_path = system_->store();
  auto made = cluster_system::load(kept->path, load);
  auto service = service_of(*made);
  service.checkpoints = system_->checkpoints();
  service.agents = system_->agents();
  service.on_lost = nullptr;  // it is the same lease
  made->serve_with(std::move(service));
  spdlog::info("serves version {} of \"{}\", too, for the runs that are pinned to it", version,
               system_->name());
  older_.emplace(version, made);
  return made;
}

void serve_desk::take_up(cluster_system& system, const std::shared_ptr<ledger>& book,
                         const handle_type& run) {
  spdlog::info("goes on with thread {}", run.thread_id());
  try {
    system.pin_thread(run.thread_id());
  } catch (const error& what) {
    spdlog::warn("thread {} is not pinned to the file: {}", run.thread_id(), what.what());
  }
  ledger::follow(book, run);
}

void serve_desk::handle(const nlohmann::json& request, const control_server::line_sink& answer) {
  const auto what = needed_text(request, "do");
  if (what == "submit") return submit(request, answer);
  if (what == "resume") return resume(request, answer);
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
  } else {
    throw error{errc::invalid_argument,
                "a server does not know how to \"" + what +
                    "\"; known are: status, members, runs, submit, resume, cancel, drain"};
  }
  static_cast<void>(answer(line));
}

template <class Make>
serve_desk::handle_type serve_desk::start(Make make) {
  auto& book = *ledger_;
  {
    const std::lock_guard lock{book.mutex};
    if (book.closed) {
      throw error{errc::shutting_down, "the server is stopping and takes no new runs"};
    }
    if (book.live.size() + book.starting >= most_runs_) {
      ++book.refused;
      throw error{errc::overloaded, std::to_string(most_runs_) +
                                        " runs are under way, as many as may be; try again in " +
                                        duration_text(time_to_retry(book.mean_ms, most_runs_))};
    }
    ++book.starting;
  }
  const auto started = [&book] {
    const std::lock_guard lock{book.mutex};
    --book.starting;
    book.changed.notify_all();
  };
  try {
    auto run = make();
    ledger::follow(ledger_, run);
    started();
    return run;
  } catch (...) {
    started();
    throw;
  }
}

void serve_desk::submit(const nlohmann::json& request, const control_server::line_sink& answer) {
  const auto given = request.value("input", nlohmann::json::object());
  const auto input = parse_input(given.dump(), system_->input_schema());
  auto options = options_for(request);
  options.thread_id = text_of(request, "thread");
  const auto run = start([&] {
    auto made = system_->executor().start_with(update<json_state>{system_->type()}.set_all(input),
                                               std::move(options));
    system_->pin_thread(made.thread_id());
    return made;
  });
  report(run, request, answer);
}

void serve_desk::resume(const nlohmann::json& request, const control_server::line_sink& answer) {
  const auto thread = needed_text(request, "thread");
  const auto system = system_of(thread);
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
  const auto run = start([&] {
    auto made = system->executor().resume(thread, std::move(given), options_for(request));
    system->pin_thread(thread);
    return made;
  });
  report(run, request, answer);
}

run_options serve_desk::options_for(const nlohmann::json& request) const {
  auto options = system_->default_run_options();
  if (!flag_of(request, "events")) return options;
  options.events = all_events;
  options.event_capacity = followed_events;
  return options;
}

void serve_desk::report(const handle_type& run, const nlohmann::json& request,
                        const control_server::line_sink& answer) {
  if (!answer({{"accepted", {{"thread", run.thread_id()}, {"run", run.run_id()}}}})) return;
  if (!flag_of(request, "wait")) return;
  if (flag_of(request, "events")) {
    auto events = run.stream();
    while (const auto event = events.next()) {
      if (!answer({{"event", to_report(*event)}})) return;
    }
  }
  static_cast<void>(answer(result_line(run.wait())));
}

json serve_desk::cancel(const nlohmann::json& request) {
  const auto thread = needed_text(request, "thread");
  for (const auto& run : live()) {
    if (run.thread_id() != thread) continue;
    run.cancel("cancelled by a person");
    return {{"cancelled", {{"thread", thread}, {"run", run.run_id()}}}};
  }
  throw error{errc::unknown_run, "no run of thread \"" + thread + "\" is under way"};
}

json serve_desk::drain(const nlohmann::json& request) {
  const auto member = needed_text(request, "member");
  if (server_->drain(member)) return {{"draining", member}};
  throw error{errc::invalid_argument, "there is no member \"" + member + "\""};
}

void serve_desk::ledger::follow(const std::shared_ptr<ledger>& book, const handle_type& run) {
  bool stopping = false;
  {
    const std::lock_guard lock{book->mutex};
    book->live.insert_or_assign(run.run_id(), live_run{run, std::chrono::system_clock::now()});
    stopping = book->closed;
  }
  if (stopping) run.drain();
  run.when_finished(
      [book, id = run.run_id()](const run_result_info& result) { book->end(id, result); });
}

void serve_desk::ledger::end(const std::string& run_id, const run_result_info& result) {
  const std::lock_guard lock{mutex};
  const auto found = live.find(run_id);
  if (found == live.end()) return;
  const std::chrono::duration<double, std::milli> took =
      std::chrono::system_clock::now() - found->second.since;
  mean_ms += (took.count() - mean_ms) * (mean_ms == 0 ? 1 : weight_of_last);
  live.erase(found);
  ++ended[std::string{name(result.status)}];
  changed.notify_all();
}

std::vector<serve_desk::handle_type> serve_desk::live() const {
  const std::lock_guard lock{ledger_->mutex};
  std::vector<handle_type> all;
  for (const auto& [id, one] : ledger_->live) all.push_back(one.handle);
  return all;
}

json serve_desk::status() const {
  const auto waiting = server_->waiting();
  const auto members = server_->members();
  const auto up = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start_);
  const auto& book = *ledger_;
  const std::lock_guard lock{ledger_->mutex};
  json ended = json::object();
  for (const auto& [status, count] : book.ended) ended[status] = count;
  return {{"system", system_->name()},
          {"file", system_->path()},
          {"hash", system_->content_hash()},
          {"store", shown_store(system_->store())},
          {"address", server_->address().text()},
          {"version", program_version},
          {"process", ::getpid()},
          {"up_ms", up.count()},
          {"stopping", book.closed},
          {"members", members.size()},
          {"tasks_waiting", waiting},
          {"runs",
           {{"running", book.live.size()},
            {"most", most_runs_},
            {"refused", book.refused},
            {"ended", ended}}}};
}

json serve_desk::members() const {
  auto list = json::array();
  for (const auto& one : server_->members()) {
    list.push_back({{"member", one.name},
                    {"address", one.address},
                    {"status", !one.connected ? "lost"
                               : one.draining ? "draining"
                                              : "up"},
                    {"at_work", one.at_work},
                    {"slots", one.offer.slots},
                    {"plugins", one.offer.plugins},
                    {"labels", one.offer.labels},
                    {"version", one.program}});
  }
  return {{"members", list}};
}

json serve_desk::runs() const {
  const std::lock_guard lock{ledger_->mutex};
  auto list = json::array();
  for (const auto& [id, one] : ledger_->live) {
    list.push_back({{"thread", one.handle.thread_id()},
                    {"run", id},
                    {"since", time_text(store_time_of(one.since))}});
  }
  return {{"runs", list}};
}

void serve_desk::measure(metrics& to) const {
  using type = metric_family::type;
  static constexpr metric_family info{"mcp_info", "What serves; always 1.", type::gauge};
  static constexpr metric_family up{"mcp_up_seconds", "Since the server began.", type::gauge};
  static constexpr metric_family under_way{"mcp_runs_under_way", "Runs.", type::gauge};
  static constexpr metric_family most{"mcp_runs_most", "--max-runs.", type::gauge};
  static constexpr metric_family refused{"mcp_runs_refused_total", "Runs beyond --max-runs."};
  static constexpr metric_family waiting{"mcp_tasks_waiting", "Tasks that wait for a worker.",
                                         type::gauge};
  static constexpr metric_family connected{"mcp_member_connected", "1, or 0 for one that is lost.",
                                           type::gauge};
  static constexpr metric_family at_work{"mcp_member_tasks", "Tasks that a member has.",
                                         type::gauge};
  static constexpr metric_family slots{"mcp_member_slots", "Tasks that it takes.", type::gauge};
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - start_;
  to.set(info,
         {{"system", system_->name()},
          {"file", system_->content_hash()},
          {"version", program_version}},
         1);
  to.set(up, {}, since.count());
  to.set(waiting, {}, static_cast<double>(server_->waiting()));
  for (const auto* family : {&connected, &at_work, &slots}) to.clear(*family);
  for (const auto& one : server_->members()) {
    to.set(connected, {{"member", one.name}}, one.connected ? 1 : 0);
    to.set(at_work, {{"member", one.name}}, static_cast<double>(one.at_work));
    to.set(slots, {{"member", one.name}}, static_cast<double>(one.offer.slots));
  }
  const std::lock_guard lock{ledger_->mutex};
  to.set(under_way, {}, static_cast<double>(ledger_->live.size()));
  to.set(most, {}, static_cast<double>(most_runs_));
  to.set(refused, {}, static_cast<double>(ledger_->refused));
}

std::string serve_desk::refusal() const {
  const std::lock_guard lock{ledger_->mutex};
  if (ledger_->closed) return "the server is stopping";
  if (ledger_->live.size() + ledger_->starting >= most_runs_)
    return "as many runs as may be are under way";
  return {};
}

void serve_desk::close() {
  const std::lock_guard lock{ledger_->mutex};
  ledger_->closed = true;
}

bool serve_desk::wait_for_runs(std::chrono::milliseconds within) {
  auto& book = *ledger_;
  std::unique_lock lock{book.mutex};
  return book.changed.wait_for(lock, within,
                               [&] { return book.live.empty() && book.starting == 0; });
}

void serve_desk::stop_runs(bool now) {
  for (const auto& one : live()) now ? one.cancel("the server is stopping") : one.drain();
}

std::size_t serve_desk::running() const {
  const std::lock_guard lock{ledger_->mutex};
  return ledger_->live.size();
}

}  // namespace mcp::cluster
