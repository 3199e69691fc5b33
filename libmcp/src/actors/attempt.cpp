#include "actors/attempt.hpp"

#include "actors/engine_metrics.hpp"
#include "actors/run_link.hpp"
#include "actors/runtime.hpp"
#include "actors/task_context.hpp"
#include "core/checkpoint_codec.hpp"
#include "core/task_machine.hpp"

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

using kind = core::task_outcome::kind;

std::string cache_key(const node_station& station, const core::task& task) {
  if (const auto& key = station.node.spec.options.cache->key) return key(task.input);
  cbor_writer writer;
  if (task.input.input.has_value()) {
    task.input.input.type()->encode(writer, task.input.input.get());
    return writer.take();
  }
  return core::encode_whole(task.input.state);
}

bool found_in_cache(const node_station& station, core::task& task) {
  if (!station.cache) return false;
  auto found = station.cache->find(cache_key(station, task), station.owner->clock().now());
  if (!found) return false;
  task.outcome.result = std::move(*found);
  task.outcome.cached = true;
  return true;
}

void keep_in_cache(const node_station& station, const core::task& task) {
  try {
    station.cache->put(cache_key(station, task), task.outcome.result, station.owner->clock().now());
  } catch (...) {
    spdlog::warn("graph \"{}\": a result of node \"{}\" is not cached: its key threw",
                 station.plan->name, station.node.spec.name);
  }
}

/// Its lock is held.
void show_breaker(const node_station& station, const core::task& task) {
  const auto& metrics = static_cast<const run_link&>(*task.link).metrics;
  if (!metrics) return;
  const auto& breaker = station.breaker->breaker;
  count_breaker(*metrics, breaker.policy().name, breaker.at());
}

}  // namespace

void record_exception(core::task& task) {
  try {
    throw;
  } catch (const interrupt_signal&) {
    task.outcome.what = kind::interrupted;
  } catch (...) {
    task.outcome.what = kind::failed;
    task.outcome.failure = core::current_failure();
  }
}

bool answered_early(node_station& station, core::task& task) {
  try {
    if (found_in_cache(station, task)) return true;
  } catch (...) {  // the key is the user's code
    record_exception(task);
    return true;
  }
  if (!station.breaker) return false;
  const std::lock_guard lock{station.breaker->mutex};
  if (station.breaker->breaker.admit(station.owner->clock().now())) {
    task.owes_report.store(true, std::memory_order_release);
    show_breaker(station, task);
    return false;
  }
  task.outcome.what = kind::failed;
  task.outcome.failure.error = error{
      errc::circuit_open, "the breaker \"" + station.breaker->breaker.policy().name + "\" is open"};
  return true;
}

void report(node_station& station, core::task& task) {
  if (std::exchange(task.has_stops, false)) {
    static_cast<run_link&>(*task.link).forget_stops(task);
  }
  if (station.cache && task.outcome.what == kind::finished) keep_in_cache(station, task);
  if (!task.owes_report.exchange(false, std::memory_order_acq_rel)) return;
  const std::lock_guard lock{station.breaker->mutex};
  if (task.outcome.what == kind::failed) {
    station.breaker->breaker.failed(station.owner->clock().now());
  } else {
    station.breaker->breaker.succeeded();
  }
  show_breaker(station, task);
}

void report_abandoned(node_station& station, core::task& task) {
  if (!task.owes_report.exchange(false, std::memory_order_acq_rel)) return;
  const std::lock_guard lock{station.breaker->mutex};
  if (task.given_up) {
    station.breaker->breaker.failed(station.owner->clock().now());
  } else {
    station.breaker->breaker.withdrawn();
  }
  show_breaker(station, task);
}

void run_attempt(node_station& station, const core::task_pointer& task) {
  task_context port{task};
  const log_scope about{port};
  if (answered_early(station, *task)) return;
  context ctx{port};
  try {
    task->outcome.result = station.node.spec.run(task->input, ctx);
  } catch (...) {
    record_exception(*task);
  }
  report(station, *task);
}

}  // namespace mcp::actors
