#include "cli/session.hpp"

#include "cli/errors.hpp"
#include "cli/exit_codes.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace mcp::cluster {
namespace {

constexpr std::size_t events_kept = 65'536;
constexpr std::chrono::seconds patience_with_traces{2};

display::mode mode_of(const command_options& options) {
  return options.events  ? display::mode::events
         : options.quiet ? display::mode::quiet
                         : display::mode::progress;
}

std::int64_t counter(const run_usage& usage, const char* name) {
  const auto found = usage.counters.find(name);
  return found == usage.counters.end() ? 0 : found->second;
}

/// A run with limits carries what it has used from call to call; another one starts from zero.
bool is_limited(const run_budget& budget) {
  return budget.steps > 0 || budget.node_calls > 0 || !budget.counters.empty();
}

std::size_t questions_of(const run_result_info& result) {
  std::size_t count = 0;
  for (const auto& one : result.interrupts) count += one.id.empty() ? 0U : 1U;
  return count;
}

/// Both become the sum.
void add_up(run_usage& sum, run_usage& more) {
  sum.steps += more.steps;
  sum.node_calls += more.node_calls;
  for (const auto& [counter, amount] : more.counters) sum.counters[counter] += amount;
  more = sum;
}

bool is_store_error(const std::optional<error>& what) {
  return what && exit_code_of(what->code()) == exit_no_store;
}

}  // namespace

session::session(const command_options& options, stop_signals& signals)
    : options_(options),
      signals_(signals),
      system_(cluster_system::load(options.file, load_options_of(options))),
      traces_(start_traces(options, {})),
      display_(system_->name(), mode_of(options)),
      person_(signals),
      given_(options.answers),
      limited_(is_limited(system_->default_run_options().budget)) {
  if (traces_) system_->serve_with({.spans = traces_});
  for (const auto& warning : system_->warnings()) display_.say("file", to_text(warning));
  system_->hear_servers([this](const std::string& server, std::string_view line) {
    display_.say(server, "| " + std::string{line});
  });
}

session::~session() {
  if (traces_) static_cast<void>(traces_->flush(patience_with_traces));
  signals_.watch(nullptr);
  system_->hear_servers(nullptr);
}

run_options session::options_of_run() const {
  auto made = system_->default_run_options();
  made.events = display_.events();
  made.traceparent = options_.traceparent;
  if (options_.events) made.event_capacity = events_kept;
  return made;
}

int session::run() {
  const auto input = parse_input(read_input(options_.input), system_->input_schema());
  auto current = recover(options_.thread);
  if (!current) {
    auto made = options_of_run();
    made.thread_id = options_.thread;
    current = system_->executor().start_with(update<json_state>{system_->type()}.set_all(input),
                                             std::move(made));
    display_.say(system_->name(), "thread " + current->thread_id());
    system_->pin_thread(current->thread_id());
  } else if (!options_.input.empty()) {
    display_.say(system_->name(), "its run has an input already; the one given is not used");
  }
  return report(drive(std::move(*current)));
}

int session::resume() {
  const auto& thread = options_.thread;
  static_cast<void>(open_store(durable_store_of(*system_), store_access::read));
  if (auto current = recover(thread)) return report(drive(std::move(*current)));
  auto& team = system_->executor();
  const auto found = team.base().state(thread, std::nullopt, "");
  run_result_info now;
  now.status = found.status.value_or(run_status::done);
  now.run_id = found.info.run_id;
  now.thread_id = thread;
  now.interrupts = found.interrupts;
  now.state = found.state;
  if (found.next.empty() && found.interrupts.empty()) {
    display_.say(system_->name(), "thread " + thread + " has nothing left to do");
    now.status = run_status::done;
    return report(now);
  }
  answers given;
  if (!found.interrupts.empty()) {
    auto collected = collect(found.interrupts);
    now.status = run_status::interrupted;
    if (!collected) return report(now);
    given = std::move(*collected);
  }
  pin(thread);
  return report(drive(team.resume(thread, std::move(given), options_of_run())));
}

void session::pin(const std::string& thread) {
  if (system_->has_changed_since(thread)) {
    changed_ = changed_ || thread == options_.thread;
    complain("warning: the file has changed since thread " + thread + " was run with it",
             "what is left of the run goes by the file as it is now; its finished tasks stay as "
             "they are");
  }
  system_->pin_thread(thread);
}

std::optional<session::handle> session::recover(const std::string& thread) {
  std::optional<handle> wanted;
  for (auto& one : system_->executor().recovered()) {
    display_.say(system_->name(), "goes on with thread " + one.thread_id());
    pin(one.thread_id());
    if (one.thread_id() == thread) {
      wanted = std::move(one);
    } else {
      others_.push_back(std::move(one));
    }
  }
  return wanted;
}

void session::watch(const std::optional<handle>& current) {
  auto all = others_;
  if (current) all.push_back(*current);
  if (all.empty()) return signals_.watch(nullptr);
  signals_.watch([this, all](int times) {
    display_.say(system_->name(),
                 times > 1 ? "stops now" : "stops when this step is done; Ctrl-C again: now");
    for (const auto& one : all) times > 1 ? one.cancel("stopped by a signal") : one.drain();
  });
}

run_result_info session::drive(handle current) {
  std::int64_t steps = 0;
  run_usage used;
  for (;;) {
    watch(current);
    display_.follow(current.stream());
    auto result = current.join().info;
    watch(std::nullopt);
    steps += result.steps;
    result.steps = steps;
    if (!limited_) add_up(used, result.usage);
    if (result.status != run_status::interrupted || signals_.count() > 0) return result;
    auto given = collect(result.interrupts);
    if (!given) return result;
    current = system_->executor().resume(result.thread_id, std::move(*given), options_of_run());
  }
}

std::optional<answers> session::collect(const std::vector<pending_interrupt>& asked) {
  answers made;
  bool some = false;
  const auto taken = given_.take(asked);
  const bool there = person::is_there() && !options_.events;
  for (const auto& one : asked) {
    if (const auto found = taken.find(one.id); found != taken.end() && !one.id.empty()) {
      made.add_json(one.id, found->second.dump());
      some = true;
    } else if (there && one.id.empty()) {
      if (!person_.goes_on(one)) return std::nullopt;
      some = true;
    } else if (there) {
      const auto answer = person_.answer(one);
      if (!answer) return std::nullopt;
      made.add_json(one.id, answer->dump());
      some = true;
    }
  }
  if (!some) return std::nullopt;
  return made;
}

void session::wait_for_others() {
  for (const auto& one : others_) {
    const auto result = one.join().info;
    display_.say(system_->name(),
                 "thread " + one.thread_id() + ": " + std::string{name(result.status)});
  }
}

int session::code_of(const run_result_info& result) const {
  if (result.status == run_status::done) return exit_done;
  if (signals_.count() > 0) return exit_interrupted;
  if (is_store_error(result.error)) return exit_no_store;
  return result.status == run_status::interrupted ? exit_waits : exit_failed;
}

int session::report(const run_result_info& result) {
  wait_for_others();
  say_summary(result);
  const bool reached = result.state && result.state.type().id() == typeid(json_state);
  const auto output = reached ? output_of(result.state.as<json_state>()) : nullptr;
  if (options_.json || options_.events) {
    nlohmann::ordered_json made{
        {"thread", result.thread_id},
        {"run", result.run_id},
        {"status", std::string{name(result.status)}},
        {"file_changed", changed_},
        {"steps", result.steps},
        {"usage", to_report(result.usage)},
        {"output", output},
        {"interrupts", to_report(result.interrupts)},
        {"error", result.error ? to_report(*result.error) : nlohmann::ordered_json(nullptr)}};
    print_line(to_line(made));
  } else if (result.status == run_status::done) {
    print_line(to_line(output, isatty(STDOUT_FILENO) == 1 ? 2 : -1));
  }
  const int code = code_of(result);
  if (code == exit_interrupted) {
    report_stop(result);
  } else if (result.error) {
    complain(*result.error);
  } else {
    if (code == exit_waits) report_wait(result);
    if (const auto unused = given_.unused(); !unused.empty()) {
      complain("nobody asked for these answers: " + unused,
               code == exit_waits ? "give each as ID=JSON, with the id of a question above" : "");
    }
  }
  return code;
}

void session::report_stop(const run_result_info& result) {
  if (is_durable(system_->store())) {
    complain("interrupted",
             "go on: " + resume_hint(options_, result.thread_id, questions_of(result)));
  } else {
    complain("interrupted; the run is lost, for its store is \"" + system_->store() + "\"",
             "give --store FILE to be able to go on");
  }
}

void session::report_wait(const run_result_info& result) {
  std::string text = "thread " + result.thread_id + " waits";
  for (const auto& one : result.interrupts) {
    if (one.id.empty()) {
      text += "\n  stopped at " + node_path(one.ns, one.node);
    } else {
      text += "\n  " + indented(question_text(one)) + "\n  id " + one.id;
    }
  }
  if (is_durable(system_->store())) {
    complain(text, "go on: " + resume_hint(options_, result.thread_id, questions_of(result)));
  } else {
    complain(text, "its store is \"" + system_->store() +
                       "\": nobody can answer later; give --store FILE or --answer JSON");
  }
}

void session::say_summary(const run_result_info& result) {
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start_);
  std::string text{name(result.status)};
  text += ": " + std::to_string(result.steps) + (result.steps == 1 ? " step" : " steps");
  if (const auto tokens = counter(result.usage, "tokens"); tokens > 0) {
    text += ", " + short_number(tokens) + " tokens";
  }
  if (const auto cost = counter(result.usage, "cost_micros"); cost > 0) {
    text += ", cost " + cost_text(cost);
  }
  display_.say(system_->name(), text + ", " + duration_text(spent));
}

}  // namespace mcp::cluster
