#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The measuring harness: rows, each beside a floor that is measured in the same run.
namespace bench {

/// How long and how often the harness measures.
struct settings {
  int repetitions = 7;                           ///< of row and floor, alternating
  std::chrono::milliseconds sample_length{150};  ///< the least time one repetition takes
  bool quick = false;                            ///< smaller workloads, only to see that it runs
};

/// One repetition: does its work and gives the measured value in the unit of its row.
using sampler = std::function<double()>;

/// What a target bounds.
enum class bound_kind { ratio_at_most, ratio_at_least, value_at_most };

/// One condition of a target. A row may have several; it is met when all are.
struct bound {
  bound_kind kind;
  double limit;  ///< of the ratio to the floor, or in the row's unit
};

/// The two things a row compares. Fixtures live as long as the samplers that capture them.
struct probes {
  sampler row;
  sampler floor;  ///< empty: the row has no floor
};

/// A row to be measured.
struct spec {
  std::string name;
  std::string unit;
  std::string floor_name;                          ///< empty: no floor
  std::vector<bound> target;                       ///< empty: the value is only stated
  std::function<probes(const settings&)> prepare;  ///< called when the row's turn comes
};

/// The median of some repetitions and how far they lie apart.
struct statistic {
  double median;
  double spread;  ///< interquartile range divided by the median
};

/// A measured row.
struct row {
  std::string name;
  std::string unit;
  std::string floor_name;
  std::string target;              ///< as text; "stated" when there is none
  std::optional<statistic> value;  ///< empty: the measurement failed
  std::optional<statistic> floor;
  std::optional<double> ratio;  ///< median of the row divided by the median of its floor
  std::optional<bool> met;      ///< empty: there is no target
  std::string failure;          ///< why the measurement failed, or empty
};

/// Told before every repetition: which one, of how many.
using progress = std::function<void(int repetition, int repetitions)>;

/// Measures one row: one repetition each to warm up, then row and floor in turn. An exception of
/// the row becomes its `failure`.
[[nodiscard]] row measure(const spec& what, const settings& how, const progress& tell);

/// Median and spread of at least one sample.
[[nodiscard]] statistic summarise(std::vector<double> samples);

/// The text of a target: "at most 1.6 x the floor, at most 50 us".
[[nodiscard]] std::string target_text(const spec& what);

/// A sampler of the time that `work(count)` takes per count, in microseconds. The first repetition
/// finds a count that fills `how.sample_length`. `before`, if any, is called before each repetition
/// and not timed.
[[nodiscard]] sampler microseconds_per_call(std::function<void(std::uint64_t count)> work,
                                            const settings& how, std::function<void()> before = {});

/// The time `work` takes once, in microseconds.
[[nodiscard]] double microseconds_of(const std::function<void()>& work);

/// What is allocated now, of all threads. Not the resident size: that keeps what earlier
/// repetitions used.
[[nodiscard]] double allocated_bytes();

}  // namespace bench
