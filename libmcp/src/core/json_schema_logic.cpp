#include "json_schema_validation.hpp"
#include "json_schema_value.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {

bool validation::check_references(const node& rule, const json& value, evaluated* seen,
                                  problem_sink* sink) {
  bool fits = true;
  if (rule.reference != no_node) fits = apply_reference(rule.reference, value, seen, sink);
  if (rule.dynamic_reference == no_node || (!fits && !go_on(sink))) return fits;
  return apply_reference(dynamic_target(rule), value, seen, sink) && fits;
}

bool validation::apply_reference(node_index target, const json& value, evaluated* seen,
                                 problem_sink* sink) {
  for (auto i = applications_.rbegin(); i != applications_.rend() && i->value == &value; ++i) {
    if (!spend(1)) return false;
    if (i->rule == target) {
      return stop("the schema refers back to itself without looking at another value");
    }
  }
  return apply(target, value, seen, sink);
}

node_index validation::dynamic_target(const node& rule) {
  if (rule.dynamic_name.empty()) return rule.dynamic_reference;
  for (const auto entered : scope_) {
    if (!spend(1)) break;
    const auto& anchors = rules_.resources[entered].dynamic_anchors;
    const auto found = anchors.find(rule.dynamic_name);
    if (found != anchors.end()) return found->second;
  }
  return rule.dynamic_reference;
}

bool validation::check_all_of(const node& rule, const json& value, evaluated* seen,
                              problem_sink* sink) {
  bool fits = true;
  for (const auto index : rule.all_of) {
    if (apply(index, value, seen, sink)) continue;
    fits = false;
    if (!go_on(sink)) return false;
  }
  return fits;
}

bool validation::check_any_of(const node& rule, const json& value, evaluated* seen,
                              problem_sink* sink) {
  if (rule.any_of.empty()) return true;
  std::vector<problem_sink> attempts;
  bool fits = false;
  for (const auto index : rule.any_of) {
    problem_sink attempt{1};
    const bool wanted = go_on(sink) && !fits;
    if (apply_apart(index, value, seen, wanted ? &attempt : nullptr)) {
      fits = true;
      if (seen == nullptr) return true;
    }
    if (stopped()) return false;
    if (wanted) attempts.push_back(std::move(attempt));
  }
  return fits || fail_choice("anyOf", attempts, sink);
}

bool validation::check_one_of(const node& rule, const json& value, evaluated* seen,
                              problem_sink* sink) {
  if (rule.one_of.empty()) return true;
  std::vector<problem_sink> attempts;
  std::size_t first = rule.one_of.size();
  for (std::size_t i = 0; i < rule.one_of.size(); ++i) {
    problem_sink attempt{1};
    const bool wanted = go_on(sink) && first == rule.one_of.size();
    const bool fits = apply_apart(rule.one_of[i], value, seen, wanted ? &attempt : nullptr);
    if (stopped()) return false;
    if (fits && first < i) {
      return fail(sink, [&] {
        return "expected to match one schema of \"oneOf\", but schemas " + std::to_string(first) +
               " and " + std::to_string(i) + " both match";
      });
    }
    if (fits) first = i;
    if (wanted) attempts.push_back(std::move(attempt));
  }
  return first < rule.one_of.size() || fail_choice("oneOf", attempts, sink);
}

/// Names the problem of the alternative that came closest: the one that failed deepest inside.
bool validation::fail_choice(std::string_view keyword, const std::vector<problem_sink>& attempts,
                             problem_sink* sink) {
  return fail(sink, [&] {
    const auto nearest = std::max_element(
        attempts.begin(), attempts.end(),
        [](const problem_sink& a, const problem_sink& b) { return a.depth < b.depth; });
    std::string text = "matches none of the " + std::to_string(attempts.size()) + " schemas of \"" +
                       std::string{keyword} + '"';
    if (nearest == attempts.end() || nearest->problems.empty()) return text;
    const auto& [at, message] = nearest->problems.front();
    const auto own = here();
    text += "; the nearest: ";
    if (at != own) text += "at " + at.substr(at.starts_with(own) ? own.size() : 0) + ": ";
    return text + message;
  });
}

bool validation::check_not(const node& rule, const json& value, evaluated*, problem_sink* sink) {
  if (rule.negated == no_node || !apply(rule.negated, value, nullptr, nullptr)) return !stopped();
  return fail(sink, [&] { return "expected not to match \"not\", found " + excerpt(value); });
}

bool validation::check_condition(const node& rule, const json& value, evaluated* seen,
                                 problem_sink* sink) {
  if (rule.condition == no_node) return true;
  const bool holds = apply_apart(rule.condition, value, seen, nullptr);
  if (stopped()) return false;
  const auto next = holds ? rule.consequence : rule.alternative;
  return next == no_node || apply(next, value, seen, sink);
}

}  // namespace mcp::core::schema
