#include "json_schema_validation.hpp"

#include "json_schema_value.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {
namespace {

std::string steps_exceeded() {
  return "too complex: checking the value takes more than " +
         std::to_string(json_schema_limits::validation_work) + " steps";
}

}  // namespace

std::vector<schema_problem> validation::run(const json& instance) {
  if (deeper_than(instance, json_schema_limits::instance_depth)) {
    return {{"", "nested too deeply: expected at most " +
                     std::to_string(json_schema_limits::instance_depth) + " levels"}};
  }
  problem_sink sink{json_schema_limits::schema_problems};
  apply(0, instance, nullptr, &sink);
  if (stopped()) {
    if (sink.full()) sink.problems.pop_back();
    sink.problems.push_back({stop_place_, stop_reason_});
  }
  return std::move(sink.problems);
}

bool validation::apply(node_index index, const json& value, evaluated* seen, problem_sink* sink) {
  if (!spend(1)) return false;
  if (applications_.size() == json_schema_limits::evaluation_depth) {
    return stop("too complex: more than " + std::to_string(json_schema_limits::evaluation_depth) +
                " schemas apply inside each other");
  }
  const node& rule = rules_.nodes[index];
  if (rule.never) {
    return fail(sink, [&] { return "expected no value here, found " + excerpt(value); });
  }
  applications_.push_back({index, &value});
  const bool enters = scope_.empty() || scope_.back() != rule.resource;
  if (enters) scope_.push_back(rule.resource);
  const bool fits = apply_checks(rule, value, seen, sink);
  if (enters) scope_.pop_back();
  applications_.pop_back();
  return fits && !stopped();
}

bool validation::apply_checks(const node& rule, const json& value, evaluated* seen,
                              problem_sink* sink) {
  static constexpr std::array<check, 11> checks{
      &validation::check_values, &validation::check_number,    &validation::check_string,
      &validation::check_array,  &validation::check_object,    &validation::check_references,
      &validation::check_all_of, &validation::check_any_of,    &validation::check_one_of,
      &validation::check_not,    &validation::check_condition,
  };
  // A value of the wrong type would only add noise with its other problems.
  if (!check_type(rule, value, sink)) return false;
  const bool unevaluated = (value.is_array() && rule.unevaluated_items != no_node) ||
                           (value.is_object() && rule.unevaluated_properties != no_node);
  // These keywords see what their siblings looked at, but nothing of the schemas around them.
  evaluated own;
  evaluated* const inner = unevaluated ? &own : seen;
  bool fits = true;
  for (const auto one : checks) {
    if ((this->*one)(rule, value, inner, sink)) continue;
    fits = false;
    if (!go_on(sink)) return false;
  }
  if (!unevaluated || !fits) return fits;
  fits = value.is_array() ? check_unevaluated_items(rule, value, inner, sink)
                          : check_unevaluated_properties(rule, value, inner, sink);
  merge(seen, own);
  return fits;
}

/// Like apply, but what a schema that does not fit has looked at is forgotten.
bool validation::apply_apart(node_index index, const json& value, evaluated* seen,
                             problem_sink* sink) {
  if (seen == nullptr) return apply(index, value, nullptr, sink);
  evaluated own;
  if (!apply(index, value, &own, sink)) return false;
  merge(seen, own);
  return true;
}

bool validation::apply_to_item(node_index index, const json& array, std::size_t item,
                               problem_sink* sink) {
  path_.push_back({nullptr, item});
  const bool fits = apply(index, array[item], nullptr, sink);
  path_.pop_back();
  return fits;
}

bool validation::apply_to_property(node_index index, const std::string& key, const json& value,
                                   problem_sink* sink) {
  path_.push_back({&key, 0});
  const bool fits = apply(index, value, nullptr, sink);
  path_.pop_back();
  return fits;
}

void validation::merge(evaluated* into, const evaluated& from) {
  if (into == nullptr) return;
  spend(from.members.size());
  into->all_properties = into->all_properties || from.all_properties;
  into->first_items = std::max(into->first_items, from.first_items);
  into->members.insert(from.members.begin(), from.members.end());
}

bool validation::matches(const pattern& wanted, std::string_view text) {
  switch (matcher_.search(wanted, text, meter_)) {
    case pattern_result::match:
      return true;
    case pattern_result::no_match:
      return false;
    case pattern_result::not_utf8:
      return false;
    case pattern_result::too_complex:
      break;
  }
  return meter_.exhausted() ? stop(steps_exceeded())
                            : stop("too complex: the pattern " + quote(wanted.text()) +
                                   " takes too many steps or too much memory on this text");
}

bool validation::equal(const json& a, const json& b) {
  std::uint64_t work = 0;
  const bool result = compare(a, b, work) == 0;
  return spend(work) && result;
}

bool validation::spend(std::uint64_t steps) {
  return !stopped() && (meter_.spend(steps) || stop(steps_exceeded()));
}

bool validation::stop(std::string reason) {
  if (stopped()) return false;
  stop_reason_ = std::move(reason);
  stop_place_ = here();
  return false;
}

std::string validation::here() const {
  std::string result;
  for (const auto& [key, item] : path_) {
    if (key != nullptr) {
      append_token(result, std::string_view{*key}.substr(0, json_schema_limits::pointer_bytes));
    } else {
      append_token(result, std::to_string(item));
    }
    if (result.size() > json_schema_limits::pointer_bytes) break;
  }
  return shortened(result, json_schema_limits::pointer_bytes);
}

void validation::report(problem_sink& sink, const std::string& message) {
  if (sink.problems.empty()) sink.depth = path_.size();
  sink.problems.push_back({here(), shortened(message, json_schema_limits::message_bytes)});
}

}  // namespace mcp::core::schema
