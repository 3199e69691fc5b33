#include "cli/run_ledger.hpp"

#include "cli/text.hpp"
#include "mcp/log_fields.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <spdlog/spdlog.h>

namespace mcp::cluster {
namespace {

constexpr double weight_of_last = 0.1;

/// About when the next of them ends, were they all as long as those before.
std::chrono::milliseconds time_to_retry(double mean_ms, std::size_t runs) {
  constexpr double least = 100;
  constexpr double most = 60'000;
  const auto share = mean_ms / static_cast<double>(std::max<std::size_t>(runs, 1));
  return std::chrono::milliseconds{std::llround(std::clamp(share, least, most))};
}

void tell_failure(const run_result_info& result) {
  const auto describe = [&](log_fields& to) {
    to.run = result.run_id;
    to.thread = result.thread_id;
    to.graph = result.error->place().graph;
    to.node = result.error->place().node;
  };
  const log_scope about{describe};
  spdlog::info("the run failed: {}", result.error->what());
}

}  // namespace

bool is_left(const run_result_info& result) {
  if (result.status != run_status::failed || !result.error) return false;
  const auto& why = *result.error;  // of a node: its own failure
  return why.place().node.empty() &&
         (why.code() == errc::shutting_down || why.code() == errc::lease_lost);
}

run_ledger::admission::admission(run_ledger& to) : book_(to) {
  const std::lock_guard lock{book_.mutex_};
  if (book_.closed_) {
    throw error{errc::shutting_down, "the server is stopping and takes no new runs"};
  }
  if (book_.is_full()) {
    ++book_.refused_;
    throw error{errc::overloaded, std::to_string(book_.most_) +
                                      " runs are under way, as many as may be; try again in " +
                                      duration_text(time_to_retry(book_.mean_ms_, book_.most_))};
  }
  ++book_.starting_;
}

run_ledger::admission::~admission() {
  const std::lock_guard lock{book_.mutex_};
  --book_.starting_;
  book_.changed_.notify_all();
}

void run_ledger::follow(const cluster_system& system, const handle_type& run) {
  {
    const std::lock_guard lock{mutex_};
    live_.insert_or_assign(run.run_id(), live_run{run, &system, system.name(), system.version(),
                                                  std::chrono::system_clock::now()});
  }
  run.when_finished([book = shared_from_this(), id = run.run_id()](const run_result_info& result) {
    if (result.status == run_status::failed && result.error && !is_left(result)) {
      tell_failure(result);
    }
    book->end(id, result);
  });
}

void run_ledger::end(const std::string& run_id, const run_result_info& result) {
  std::function<void()> then;
  {
    const std::lock_guard lock{mutex_};
    const auto found = live_.find(run_id);
    if (found == live_.end()) return;
    const std::chrono::duration<double, std::milli> took =
        std::chrono::system_clock::now() - found->second.since;
    mean_ms_ += (took.count() - mean_ms_) * (mean_ms_ == 0 ? 1 : weight_of_last);
    live_.erase(found);
    ++ended_[is_left(result) ? "left" : std::string{name(result.status)}];
    then = when_one_ends_;
  }
  changed_.notify_all();
  if (then) then();
}

void run_ledger::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
}

bool run_ledger::wait_for_runs(std::chrono::milliseconds within) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, within, [&] { return live_.empty() && starting_ == 0; });
}

std::vector<run_ledger::live_run> run_ledger::live() const {
  const std::lock_guard lock{mutex_};
  std::vector<live_run> all;
  for (const auto& [id, one] : live_) all.push_back(one);
  return all;
}

bool run_ledger::is_busy(const cluster_system& system) const {
  const std::lock_guard lock{mutex_};
  return std::any_of(live_.begin(), live_.end(),
                     [&](const auto& one) { return one.second.of == &system; });
}

run_ledger::numbers run_ledger::counted() const {
  const std::lock_guard lock{mutex_};
  return {.closed = closed_, .running = live_.size(), .refused = refused_, .ended = ended_};
}

std::string run_ledger::refusal() const {
  const std::lock_guard lock{mutex_};
  if (closed_) return "the server is stopping";
  return is_full() ? "as many runs as may be are under way" : "";
}

void run_ledger::when_one_ends(std::function<void()> then) {
  const std::lock_guard lock{mutex_};
  when_one_ends_ = std::move(then);
}

}  // namespace mcp::cluster
