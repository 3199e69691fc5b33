#include "actors/engine_metrics.hpp"

#include <array>
#include <chrono>
#include <utility>

namespace mcp::actors {
namespace {

using type = metric_family::type;

constexpr metric_family runs_started{"mcp_runs_started_total", "Runs that began or went on here."};
constexpr metric_family runs_ended{"mcp_runs_ended_total", "Runs that ended here, by status."};
constexpr metric_family task_retries{"mcp_task_retries_total", "Attempts after the first."};
constexpr metric_family charged{"mcp_charged_total",
                                "What ended runs have used of their counters, such as tokens."};
constexpr metric_family breaker_state{
    "mcp_breaker_state", "Circuit breakers: 0 closed, 1 half-open, 2 open.", type::gauge};
constexpr metric_family store_failures{"mcp_store_failures_total",
                                       "Batches that the store refused or could not write."};

// Not constants: their bounds come from another library's source.
const metric_family& run_seconds() {
  static const metric_family one{"mcp_run_seconds", "How long runs took here.", type::histogram,
                                 second_bounds()};
  return one;
}
const metric_family& step_seconds() {
  static const metric_family one{"mcp_step_seconds",
                                 "How long supersteps took, and taking a run's input.",
                                 type::histogram, second_bounds()};
  return one;
}
const metric_family& task_seconds() {
  static const metric_family one{"mcp_task_seconds",
                                 "How long attempts of nodes took, by how they ended.",
                                 type::histogram, second_bounds()};
  return one;
}
const metric_family& store_seconds() {
  static const metric_family one{"mcp_store_batch_seconds", "How long the store took for a batch.",
                                 type::histogram, second_bounds()};
  return one;
}
const metric_family& store_writes() {
  static constexpr std::array<double, 7> sizes{1, 4, 16, 64, 256, 1024, 4096};
  static const metric_family one{"mcp_store_batch_writes", "Writes in a batch.", type::histogram,
                                 sizes};
  return one;
}

double seconds(core::instant time) {
  return std::chrono::duration<double>{time}.count();
}

}  // namespace

std::string_view outcome_of(const core::task& task) {
  switch (task.outcome.what) {
    case core::task_outcome::kind::finished:
      return task.outcome.cached ? "cached" : "finished";
    case core::task_outcome::kind::interrupted:
      return "interrupted";
    case core::task_outcome::kind::failed:
      break;
  }
  return "failed";
}

run_metrics::run_metrics(metrics* to, std::string_view graph, bool root, core::instant now,
                         run_usage before)
    : to_(to),
      graph_(graph),
      root_(root),
      began_(now),
      step_began_(now),
      before_(std::move(before)) {
  if (to_ != nullptr && root_) to_->add(runs_started, {{"graph", graph_}});
}

void run_metrics::step_ended(core::instant now) {
  if (to_ == nullptr) return;
  to_->observe(step_seconds(), {{"graph", graph_}}, seconds(now - std::exchange(step_began_, now)));
}

void run_metrics::dispatched(const core::task& task, std::string_view node) {
  if (to_ == nullptr || task.attempt <= 1) return;
  to_->add(task_retries, {{"graph", graph_}, {"node", node}});
}

void run_metrics::task_ended(const core::task& task, std::string_view node, core::instant now) {
  if (to_ == nullptr) return;
  const auto started = task.started.load(std::memory_order_relaxed);
  const auto took = started == 0 ? core::instant{0} : now - core::instant{started};
  to_->observe(task_seconds(), {{"graph", graph_}, {"node", node}, {"outcome", outcome_of(task)}},
               seconds(took));
}

void run_metrics::task_abandoned(std::string_view node) {
  if (to_ == nullptr) return;
  static constexpr metric_family abandoned{
      "mcp_tasks_abandoned_total", "Attempts that were given up: timeouts, and runs that ended."};
  to_->add(abandoned, {{"graph", graph_}, {"node", node}});
}

void run_metrics::run_ended(run_status status, const run_usage& used, core::instant now) {
  if (to_ == nullptr || !root_) return;
  to_->add(runs_ended, {{"graph", graph_}, {"status", name(status)}});
  to_->observe(run_seconds(), {{"graph", graph_}}, seconds(now - began_));
  for (const auto& [counter, amount] : used.counters) {
    const auto known = before_.counters.find(counter);
    const auto more = amount - (known == before_.counters.end() ? 0 : known->second);
    if (more > 0) {
      to_->add(charged, {{"graph", graph_}, {"counter", counter}}, static_cast<double>(more));
    }
  }
}

void count_breaker(metrics& to, std::string_view name, core::circuit_breaker::state state) {
  using at = core::circuit_breaker::state;
  const double value = state == at::closed ? 0 : state == at::half_open ? 1 : 2;
  to.set(breaker_state, {{"breaker", name}}, value);
}

void count_batch(metrics& to, std::size_t writes, core::instant took, bool failed) {
  if (failed) to.add(store_failures);
  to.observe(store_seconds(), {}, seconds(took));
  to.observe(store_writes(), {}, static_cast<double>(writes));
}

}  // namespace mcp::actors
