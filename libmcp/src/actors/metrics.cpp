#include "mcp/metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <vector>

namespace mcp {
namespace {

constexpr std::array second_steps{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                  0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   2.5,
                                  5.0,    10.0,    30.0,   60.0,  300.0};

constexpr metric_family dropped{"mcp_metrics_dropped_total",
                                "Measurements that had labels beyond the bound of their number."};

struct series {
  double value = 0;  ///< of a histogram: the sum
  std::vector<std::uint64_t> buckets{};
};

void append_escaped(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '"') to += '\\';
    if (c == '\n') {
      to += "\\n";
    } else {
      to += c;
    }
  }
}

/// name="value",…
std::string text_of(metric_labels labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text += name;
    text += "=\"";
    append_escaped(text, value);
    text += '"';
  }
  return text;
}

void append_number(std::string& to, double value) {
  if (std::isinf(value)) {
    to += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  to.append(text.data(), end);
}

void append_line(std::string& to, std::string_view name, std::string_view suffix,
                 std::string_view labels, double value) {
  to += name;
  to += suffix;
  if (!labels.empty()) {
    to += '{';
    to += labels;
    to += '}';
  }
  to += ' ';
  append_number(to, value);
  to += '\n';
}

void append_histogram(std::string& to, const metric_family& family, const std::string& labels,
                      const series& one) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < one.buckets.size(); ++i) {
    below += one.buckets[i];
    auto with = labels + (labels.empty() ? "le=\"" : ",le=\"");
    append_number(with, i < family.bounds.size() ? family.bounds[i] : INFINITY);
    with += '"';
    append_line(to, family.name, "_bucket", with, static_cast<double>(below));
  }
  append_line(to, family.name, "_sum", labels, one.value);
  append_line(to, family.name, "_count", labels, static_cast<double>(below));
}

const char* name_of(metric_family::type what) {
  switch (what) {
    case metric_family::type::counter:
      return "counter";
    case metric_family::type::gauge:
      return "gauge";
    case metric_family::type::histogram:
      break;
  }
  return "histogram";
}

}  // namespace

std::span<const double> second_bounds() noexcept {
  return second_steps;
}

struct metrics::parts {
  mutable std::mutex mutex{};
  std::map<const metric_family*, std::map<std::string, series>> families{};
  std::size_t count = 0;

  /// Null when there are too many; the lock is held.
  series* find(const metric_family& family, metric_labels labels) {
    auto& all = families[&family];
    auto key = text_of(labels);
    if (const auto known = all.find(key); known != all.end()) return &known->second;
    if (count >= max_series) {
      ++families[&dropped][""].value;
      return nullptr;
    }
    ++count;
    auto& made = all[std::move(key)];
    if (family.what == metric_family::type::histogram)
      made.buckets.resize(family.bounds.size() + 1);
    return &made;
  }
};

metrics::metrics() : parts_(std::make_unique<parts>()) {}
metrics::~metrics() = default;

void metrics::add(const metric_family& family, metric_labels labels, double amount) {
  const std::lock_guard lock{parts_->mutex};
  if (auto* one = parts_->find(family, labels)) one->value += amount;
}

void metrics::set(const metric_family& family, metric_labels labels, double value) {
  const std::lock_guard lock{parts_->mutex};
  if (auto* one = parts_->find(family, labels)) one->value = value;
}

void metrics::observe(const metric_family& family, metric_labels labels, double value) {
  const auto at = std::lower_bound(family.bounds.begin(), family.bounds.end(), value);
  const std::lock_guard lock{parts_->mutex};
  auto* one = parts_->find(family, labels);
  if (one == nullptr || one->buckets.empty()) return;
  one->value += value;
  ++one->buckets[static_cast<std::size_t>(at - family.bounds.begin())];
}

void metrics::clear(const metric_family& family) {
  const std::lock_guard lock{parts_->mutex};
  const auto found = parts_->families.extract(&family);
  if (!found.empty()) parts_->count -= found.mapped().size();
}

std::string metrics::text() const {
  const std::lock_guard lock{parts_->mutex};
  std::vector<const metric_family*> order;
  for (const auto& [family, all] : parts_->families) order.push_back(family);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::string_view{a->name} < std::string_view{b->name};
  });
  std::string text;
  for (const auto* family : order) {
    text += std::string{"# HELP "} + family->name + ' ' + family->help + '\n';
    text += std::string{"# TYPE "} + family->name + ' ' + name_of(family->what) + '\n';
    for (const auto& [labels, one] : parts_->families.at(family)) {
      if (family->what == metric_family::type::histogram) {
        append_histogram(text, *family, labels, one);
      } else {
        append_line(text, family->name, "", labels, one.value);
      }
    }
  }
  return text;
}

}  // namespace mcp
