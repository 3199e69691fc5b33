#pragma once

#include "mcp/export.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mcp {

/// A kind of measurement, known by its name: families of one name are one, and of its first type.
struct metric_family {
  enum class type : std::uint8_t { counter, gauge, histogram };

  const char* name = "";  ///< as Prometheus wants it: counters end with _total, times with _seconds
  const char* help = "";
  type what = type::counter;
  std::span<const double>
      bounds{};  ///< of a histogram's buckets, ascending; the last is without end
};

/// Bounds for times, in seconds: from 0.1 ms to 5 minutes.
[[nodiscard]] MCP_EXPORT std::span<const double> second_bounds() noexcept;

/// Names and values that tell the measurements of a family apart.
using metric_labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// What a program has done, for a monitoring system: counters, gauges and histograms. Give it to
/// executors (`executor_options::metrics`), add what is your own, and serve `text()`.
/// Safe from several threads; a measurement takes well below a microsecond. A name that Prometheus
/// does not allow is errc::invalid_argument.
class MCP_EXPORT metrics {
 public:
  /// Measurements of all families together; those with labels beyond are counted in
  /// mcp_metrics_dropped_total.
  static constexpr std::size_t max_series = 10'000;

  metrics();
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  /// Counters and gauges grow by `amount`.
  void add(const metric_family& family, metric_labels labels = {}, double amount = 1);
  /// Of a gauge, or of a counter that is kept elsewhere, which never goes down.
  void set(const metric_family& family, metric_labels labels, double value);
  /// Of a histogram.
  void observe(const metric_family& family, metric_labels labels, double value);
  /// Takes all measurements of a family back: for gauges whose labels come and go.
  void clear(const metric_family& family);
  /// In Prometheus's text format 0.0.4, families by name, their measurements by labels.
  [[nodiscard]] std::string text() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace mcp
