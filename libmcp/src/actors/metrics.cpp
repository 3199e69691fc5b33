#include "mcp/metrics.hpp"

#include "mcp/error.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

namespace mcp {
namespace {

constexpr std::array second_steps{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                  0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   2.5,
                                  5.0,    10.0,    30.0,   60.0,  300.0};

constexpr metric_family dropped{"mcp_metrics_dropped_total",
                                "Measurements that had labels beyond the bound of their number."};

std::unique_ptr<prometheus::Collectable> make_family(const metric_family& of) {
  using namespace prometheus;
  const Labels none;
  switch (of.what) {
    case metric_family::type::counter:
      return std::make_unique<Family<Counter>>(of.name, of.help, none);
    case metric_family::type::gauge:
      return std::make_unique<Family<Gauge>>(of.name, of.help, none);
    case metric_family::type::histogram:
      break;
  }
  return std::make_unique<Family<Histogram>>(of.name, of.help, none);
}

void order(std::vector<prometheus::ClientMetric>& metrics) {
  const auto labels = [](const prometheus::ClientMetric& metric) {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    for (const auto& label : metric.label) all.emplace_back(label.name, label.value);
    return all;
  };
  std::sort(metrics.begin(), metrics.end(),
            [&](const auto& a, const auto& b) { return labels(a) < labels(b); });
}

}  // namespace

std::span<const double> second_bounds() noexcept {
  return second_steps;
}

struct metrics::parts {
  struct measured {
    std::unique_ptr<prometheus::Collectable> all{};
    std::size_t count = 0;
  };

  mutable std::mutex mutex{};
  std::map<std::string, measured, std::less<>> families{};
  std::size_t count = 0;

  /// Calls `use` with the measurement of these labels, made of `arguments` if it is new. Does
  /// nothing if the family is of another type or the measurements are too many.
  template <class Metric, class Use, class... Arguments>
  void with(const metric_family& family, const metric_labels& labels, const Use& use,
            const Arguments&... arguments) try {
    const std::lock_guard lock{mutex};
    auto found = families.find(std::string_view{family.name});
    if (found == families.end()) {
      found = families.emplace(family.name, measured{make_family(family)}).first;
    }
    auto& [name, in] = *found;
    auto* const all = dynamic_cast<prometheus::Family<Metric>*>(in.all.get());
    if (all == nullptr) return;
    const prometheus::Labels named{labels.begin(), labels.end()};
    if (!all->Has(named)) {
      if (count >= max_series) return drop();
      ++in.count;
      ++count;
    }
    use(all->Add(named, arguments...));
  } catch (const std::invalid_argument& wrong) {
    throw error{errc::invalid_argument, std::string{"the metric \""} + family.name +
                                            "\": " + wrong.what() +
                                            "; names are of letters, digits and underscores"};
  }

 private:
  /// The lock is held. Is not among those that are counted.
  void drop() {
    auto& all = families[dropped.name].all;
    if (!all) all = make_family(dropped);
    static_cast<prometheus::Family<prometheus::Counter>&>(*all).Add({}).Increment();
  }
};

metrics::metrics() : parts_(std::make_unique<parts>()) {}
metrics::~metrics() = default;

void metrics::add(const metric_family& family, metric_labels labels, double amount) {
  const auto grow = [amount](auto& one) { one.Increment(amount); };
  if (family.what == metric_family::type::gauge) {
    parts_->with<prometheus::Gauge>(family, labels, grow);
  } else {
    parts_->with<prometheus::Counter>(family, labels, grow);
  }
}

void metrics::set(const metric_family& family, metric_labels labels, double value) {
  if (family.what == metric_family::type::gauge) {
    parts_->with<prometheus::Gauge>(family, labels, [=](auto& one) { one.Set(value); });
  } else {
    parts_->with<prometheus::Counter>(family, labels,
                                      [=](auto& one) { one.Increment(value - one.Value()); });
  }
}

void metrics::observe(const metric_family& family, metric_labels labels, double value) {
  parts_->with<prometheus::Histogram>(
      family, labels, [=](auto& one) { one.Observe(value); },
      prometheus::Histogram::BucketBoundaries{family.bounds.begin(), family.bounds.end()});
}

void metrics::clear(const metric_family& family) {
  const std::lock_guard lock{parts_->mutex};
  const auto found = parts_->families.find(std::string_view{family.name});
  if (found == parts_->families.end()) return;
  parts_->count -= found->second.count;
  parts_->families.erase(found);
}

std::string metrics::text() const {
  std::vector<prometheus::MetricFamily> all;
  {
    const std::lock_guard lock{parts_->mutex};
    for (const auto& [name, family] : parts_->families) {
      for (auto& collected : family.all->Collect()) all.push_back(std::move(collected));
    }
  }
  for (auto& family : all) order(family.metric);
  return prometheus::TextSerializer{}.Serialize(all);
}

}  // namespace mcp
