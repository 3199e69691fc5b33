#pragma once

#include "mcp/tracing.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mcp::test {

/// Keeps the spans that it is given, in the order in which they ended.
class collected_spans final : public span_sink {
 public:
  void ended(span one) noexcept override {
    const std::lock_guard lock{mutex_};
    all_.push_back(std::move(one));
  }
  [[nodiscard]] std::vector<span> all() const {
    const std::lock_guard lock{mutex_};
    return all_;
  }
  [[nodiscard]] std::vector<span> named(const std::string& name) const {
    std::vector<span> found;
    for (auto& one : all()) {
      if (one.name == name) found.push_back(std::move(one));
    }
    return found;
  }
  /// The only one of this name.
  [[nodiscard]] span only(const std::string& name) const {
    auto found = named(name);
    if (found.size() != 1)
      throw std::runtime_error{std::to_string(found.size()) + " spans " + name};
    return std::move(found.front());
  }

 private:
  mutable std::mutex mutex_;
  std::vector<span> all_;
};

/// An attribute as text; empty: there is none.
inline std::string attribute(const span& of, const std::string& name) {
  for (const auto& one : of.attributes) {
    if (one.name != name) continue;
    if (const auto* text = std::get_if<std::string>(&one.content)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&one.content))
      return std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&one.content)) return *flag ? "true" : "false";
    return std::to_string(std::get<double>(one.content));
  }
  return {};
}

/// What is wrong with the spans as a tree below `root` (0: without a parent); empty: nothing.
inline std::string wrong_with(const std::vector<span>& spans, std::uint64_t root = 0) {
  std::map<std::uint64_t, const span*> by_id;
  for (const auto& one : spans) {
    if (one.place.span == 0) return one.name + " has no id";
    if (!by_id.emplace(one.place.span, &one).second) return one.name + " has an id twice";
    if (one.end < one.start) return one.name + " ends before it starts";
    if (one.place.trace_text() != spans.front().place.trace_text()) {
      return one.name + " is in another trace";
    }
  }
  for (const auto& one : spans) {
    if (one.parent == root) continue;
    const auto parent = by_id.find(one.parent);
    if (parent == by_id.end()) return one.name + " has a parent that is not there";
    if (one.start < parent->second->start) return one.name + " starts before its parent";
  }
  return {};
}

}  // namespace mcp::test
