#include "actors/run_spans.hpp"

#include "actors/engine_metrics.hpp"

#include <random>
#include <utility>

namespace mcp {

trace_context trace_context::child() const {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  auto made = *this;
  do made.span = generator();
  while (made.span == 0);
  return made;
}

}  // namespace mcp

namespace mcp::actors {
namespace {

void note(span& to, const char* name, std::string_view text) {
  if (!text.empty()) to.attributes.push_back({name, std::string{cut_span_text(text)}});
}

void note(span& to, const char* name, std::int64_t number) {
  to.attributes.push_back({name, number});
}

void note_error(span& to, const error& what) {
  to.failed = true;
  to.message = cut_span_text(what.message());
  note(to, "error.type", name(what.code()));
}

}  // namespace

run_spans::run_spans(const run_link& link, core::instant now) : link_(link) {
  seed_ = link_.owner->clock().random();
  run_.place = link_.trace;
  run_.parent = link_.above ? link_.above->span : link_.trace.span;
  run_.place.span = next_id();
  run_.name = (link_.above ? "subgraph " : "run ") + std::string{cut_span_text(link_.plan->name)};
  run_.start = link_.epoch + now;
  note(run_, "fastmcp.graph", link_.plan->name);
  note(run_, "fastmcp.ns", link_.ns);
  note(run_, "fastmcp.run", link_.live->run_id());
  note(run_, "fastmcp.thread", link_.live->thread_id());
  if (link_.recovered) run_.attributes.push_back({"fastmcp.resumed", true});
}

/// SplitMix64: one draw of the clock's chance is enough for a run.
std::uint64_t run_spans::next_id() {
  std::uint64_t mixed = 0;
  do {
    mixed = seed_ += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31U;
  } while (mixed == 0);
  return mixed;
}

void run_spans::dispatched(core::task& task, core::instant now) {
  if (step_.place.span == 0) {
    step_.place = run_.place;
    step_.place.span = next_id();
    step_.parent = run_.place.span;
    step_.name = "step";
    step_.start = link_.epoch + now;
    step_.attributes.clear();
    note(step_, "fastmcp.step", task.step);
  }
  task.span = next_id();
  task.span_from = now;
  task.in_span = true;
}

void run_spans::task_ended(core::task& task, std::string_view node, core::instant now,
                           bool abandoned) {
  if (!std::exchange(task.in_span, false)) return;
  const core::instant began{task.started.load(std::memory_order_relaxed)};
  span one{
      .place = run_.place, .parent = step_.place.span, .name = std::string{cut_span_text(node)}};
  one.place.span = task.span;
  one.start = link_.epoch + (began.count() == 0 ? task.span_from : began);
  one.end = link_.epoch + now;
  one.attributes.reserve(6);
  note(one, "fastmcp.node", node);
  note(one, "fastmcp.task", link_.make_id(task));
  note(one, "fastmcp.step", task.step);
  note(one, "fastmcp.attempt", task.attempt);
  note(one, "fastmcp.outcome", abandoned ? "abandoned" : outcome_of(task));
  if (abandoned && task.given_up) {
    one.failed = true;
    one.message = "it was given up: it took too long, or its actor died";
  } else if (!abandoned && task.outcome.what == core::task_outcome::kind::failed) {
    note_error(one, task.outcome.failure.error);
  }
  link_.spans->ended(std::move(one));
}

void run_spans::end_step(core::instant now, bool failed) {
  step_.end = link_.epoch + now;
  step_.failed = failed;
  link_.spans->ended(std::exchange(step_, {}));
}

void run_spans::run_ended(const run_result_info& result, core::instant now) {
  if (step_.place.span != 0) end_step(now, result.status == run_status::failed);
  run_.end = link_.epoch + now;
  note(run_, "fastmcp.status", name(result.status));
  note(run_, "fastmcp.steps", result.steps);
  if (result.status == run_status::failed) {
    note_error(run_, result.error.value_or(error{errc::node_failed, "failed"}));
  }
  link_.spans->ended(std::move(run_));
}

trace_context trace_of_run(const run_options& options, std::string_view run_id) {
  if (options.traceparent.empty()) return trace_context::of_run(run_id);
  if (const auto given = trace_context::parse(options.traceparent)) return *given;
  throw error{errc::invalid_argument,
              "run_options::traceparent is no traceparent of the W3C's Trace Context: \"" +
                  std::string{cut_span_text(options.traceparent)} + '"'};
}

}  // namespace mcp::actors
