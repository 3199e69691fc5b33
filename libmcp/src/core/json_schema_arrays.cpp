#include "json_schema_validation.hpp"
#include "json_schema_value.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {
namespace {

std::string items(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " item" : " items");
}

}  // namespace

bool validation::check_array(const node& rule, const json& value, evaluated* seen,
                             problem_sink* sink) {
  if (!value.is_array()) return true;
  const auto expected = [&](std::string_view what, std::uint64_t bound) {
    return fail(sink, [&] {
      return "expected " + std::string{what} + ' ' + items(bound) + ", found " +
             std::to_string(value.size());
    });
  };
  if (value.size() < rule.min_items) return expected("at least", rule.min_items);
  if (value.size() > rule.max_items) return expected("at most", rule.max_items);
  bool fits = check_items(rule, value, seen, sink);
  if (!fits && !go_on(sink)) return false;
  if (rule.contains != no_node && !check_contains(rule, value, seen, sink)) fits = false;
  if (!fits && !go_on(sink)) return false;
  return (!rule.unique_items || check_unique(value, sink)) && fits;
}

bool validation::check_items(const node& rule, const json& value, evaluated* seen,
                             problem_sink* sink) {
  const auto prefix = std::min(value.size(), rule.prefix_items.size());
  bool fits = true;
  for (std::size_t i = 0; i < prefix; ++i) {
    if (apply_to_item(rule.prefix_items[i], value, i, sink)) continue;
    fits = false;
    if (!go_on(sink)) return false;
  }
  if (seen != nullptr) seen->first_items = std::max(seen->first_items, prefix);
  if (rule.items == no_node) return fits;
  if (rules_.nodes[rule.items].never && value.size() > prefix) {
    return fail(sink, [&] {
      return "expected at most " + items(prefix) + ", found " + std::to_string(value.size());
    });
  }
  for (std::size_t i = prefix; i < value.size(); ++i) {
    if (apply_to_item(rule.items, value, i, sink)) continue;
    fits = false;
    if (!go_on(sink)) return false;
  }
  if (seen != nullptr) seen->first_items = value.size();
  return fits;
}

bool validation::check_contains(const node& rule, const json& value, evaluated* seen,
                                problem_sink* sink) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (apply_to_item(rule.contains, value, i, nullptr)) {
      ++found;
      if (seen != nullptr) seen->members.insert(&value[i]);
    }
    if (stopped()) return false;
    const bool decided = found >= rule.min_contains && rule.max_contains == no_limit;
    if (decided && seen == nullptr) return true;
  }
  const auto expected = [&](std::string_view what, std::uint64_t bound) {
    return fail(sink, [&] {
      return "expected " + std::string{what} + ' ' + items(bound) +
             " that match the schema of \"contains\", found " + std::to_string(found);
    });
  };
  if (found < rule.min_contains) return expected("at least", rule.min_contains);
  if (found > rule.max_contains) return expected("at most", rule.max_contains);
  return true;
}

bool validation::check_unique(const json& value, problem_sink* sink) {
  if (value.size() < 2) return true;
  std::vector<const json*> sorted;
  sorted.reserve(value.size());
  for (const auto& item : value) sorted.push_back(&item);
  // Sorting is not broken off when the budget ends: an order that changes midway is undefined
  // behaviour. One sort is bounded by the size of the instance.
  std::uint64_t work = value.size();
  std::sort(sorted.begin(), sorted.end(),
            [&work](const json* a, const json* b) { return compare(*a, *b, work) < 0; });
  const auto twin = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [&work](const json* a, const json* b) { return compare(*a, *b, work) == 0; });
  if (!spend(work)) return false;
  if (twin == sorted.end()) return true;
  return fail(sink, [&] {
    const auto place = [&](const json* item) { return std::to_string(item - &value[0]); };
    const auto [first, second] = std::minmax(*twin, *(twin + 1));
    return "expected items that differ, but items " + place(first) + " and " + place(second) +
           " are equal: " + excerpt(*first);
  });
}

bool validation::check_unevaluated_items(const node& rule, const json& value, evaluated* seen,
                                         problem_sink* sink) {
  bool fits = true;
  for (std::size_t i = seen->first_items; i < value.size(); ++i) {
    if (!spend(1)) return false;
    if (seen->members.contains(&value[i])) continue;
    if (apply_to_item(rule.unevaluated_items, value, i, sink)) continue;
    fits = false;
    if (!go_on(sink)) return false;
  }
  seen->first_items = value.size();
  return fits;
}

}  // namespace mcp::core::schema
