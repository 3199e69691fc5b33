#include "harness.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include <malloc.h>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint64_t most_calls = 100'000'000;  // in one repetition

double microseconds(clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

// The value at `fraction` of the way through sorted samples, between two of them by proportion.
double quantile(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

bool holds(const bound& condition, const row& measured) {
  switch (condition.kind) {
    case bound_kind::ratio_at_most:
      return measured.ratio && *measured.ratio <= condition.limit;
    case bound_kind::ratio_at_least:
      return measured.ratio && *measured.ratio >= condition.limit;
    case bound_kind::value_at_most:
      return measured.value && measured.value->median <= condition.limit;
  }
  return false;
}

void take_samples(const spec& what, const settings& how, const progress& tell, row& result) {
  const probes pair = what.prepare(how);
  std::vector<double> values, floors;
  for (int repetition = 0; repetition <= how.repetitions; ++repetition) {
    tell(repetition, how.repetitions);
    const bool warm_up = repetition == 0;
    if (pair.floor) {
      const double sample = pair.floor();
      if (!warm_up) floors.push_back(sample);
    }
    const double sample = pair.row();
    if (!warm_up) values.push_back(sample);
  }
  result.value = summarise(std::move(values));
  if (floors.empty()) return;
  result.floor = summarise(std::move(floors));
  if (result.floor->median > 0) result.ratio = result.value->median / result.floor->median;
}

}  // namespace

row measure(const spec& what, const settings& how, const progress& tell) {
  row result{what.name, what.unit, what.floor_name, target_text(what), {}, {}, {}, {}, {}};
  try {
    take_samples(what, how, tell, result);
  } catch (const std::exception& failure) {
    result.failure = failure.what();
  }
  if (what.target.empty()) return result;
  result.met = std::all_of(what.target.begin(), what.target.end(),
                           [&](const bound& condition) { return holds(condition, result); });
  return result;
}

statistic summarise(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const double median = quantile(samples, 0.5);
  const double range = quantile(samples, 0.75) - quantile(samples, 0.25);
  return {median, median > 0 ? range / median : 0};
}

std::string target_text(const spec& what) {
  if (what.target.empty()) return "stated";
  std::string text;
  for (const bound& condition : what.target) {
    if (!text.empty()) text += ", ";
    const std::string limit = number(condition.limit);
    switch (condition.kind) {
      case bound_kind::ratio_at_most:
        text += "at most " + limit + " x " + what.floor_name;
        break;
      case bound_kind::ratio_at_least:
        text += "at least " + limit + " x " + what.floor_name;
        break;
      case bound_kind::value_at_most:
        text += "at most " + limit + " " + what.unit;
        break;
    }
  }
  return text;
}

sampler microseconds_per_call(std::function<void(std::uint64_t count)> work, const settings& how,
                              std::function<void()> before) {
  const double wanted = microseconds(how.sample_length);
  const auto timed = [work = std::move(work), before = std::move(before)](std::uint64_t count) {
    if (before) before();
    return microseconds_of([&] { work(count); });
  };
  const auto fitting = std::make_shared<std::uint64_t>(0);  // calls in one repetition, once known
  return [timed, wanted, fitting] {
    if (*fitting != 0) return timed(*fitting) / static_cast<double>(*fitting);
    std::uint64_t count = 1;
    double took = timed(count);
    for (; took < wanted / 2 && count < most_calls; took = timed(count)) count *= 4;
    const double per_call = std::max(took / static_cast<double>(count), 1e-6);
    const double fit = std::clamp(wanted / per_call, 1.0, static_cast<double>(most_calls));
    *fitting = static_cast<std::uint64_t>(fit);
    return per_call;
  };
}

double microseconds_of(const std::function<void()>& work) {
  const clock::time_point start = clock::now();
  work();
  return microseconds(clock::now() - start);
}

double allocated_bytes() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

}  // namespace bench
