#include "json_schema_validation.hpp"
#include "json_schema_value.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {
namespace {

constexpr std::uint64_t key_bytes_per_step = 32;

std::string properties(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " property" : " properties");
}

std::string not_expected(std::string_view key) {
  return "unknown property " + quote(key);
}

}  // namespace

bool validation::check_object(const node& rule, const json& value, evaluated* seen,
                              problem_sink* sink) {
  if (!value.is_object()) return true;
  const auto expected = [&](std::string_view what, std::uint64_t bound) {
    return fail(sink, [&] {
      return "expected " + std::string{what} + ' ' + properties(bound) + ", found " +
             std::to_string(value.size());
    });
  };
  if (value.size() < rule.min_properties) return expected("at least", rule.min_properties);
  if (value.size() > rule.max_properties) return expected("at most", rule.max_properties);
  bool fits = check_required(rule, value, sink);
  if (!fits && !go_on(sink)) return false;
  if (!check_properties(rule, value, seen, sink)) fits = false;
  if (!fits && !go_on(sink)) return false;
  return check_dependent(rule, value, seen, sink) && fits;
}

bool validation::check_required(const node& rule, const json& value, problem_sink* sink) {
  bool fits = true;
  for (const auto key : rule.required) {
    if (!spend(1 + key.size() / key_bytes_per_step)) return false;
    if (value.contains(key)) continue;
    fits = fail(sink, [&] { return "expected a property " + quote(key) + ", found none"; });
    if (!go_on(sink)) return false;
  }
  return fits;
}

bool validation::check_properties(const node& rule, const json& value, evaluated* seen,
                                  problem_sink* sink) {
  const bool nothing_to_do = rule.properties.empty() && rule.pattern_properties.empty() &&
                             rule.additional_properties == no_node &&
                             rule.property_names == no_node;
  if (nothing_to_do) return true;
  bool fits = true;
  for (auto property = value.begin(); property != value.end(); ++property) {
    const auto& key = property.key();
    if (!spend(1 + key.size() / key_bytes_per_step)) return false;
    if (rule.property_names != no_node && !check_name(rule, key, sink)) fits = false;
    if (!fits && !go_on(sink)) return false;
    if (!check_property(rule, key, property.value(), seen, sink)) fits = false;
    if (!fits && !go_on(sink)) return false;
  }
  if (seen != nullptr && rule.additional_properties != no_node) seen->all_properties = true;
  return fits;
}

bool validation::check_property(const node& rule, const std::string& key, const json& value,
                                evaluated* seen, problem_sink* sink) {
  bool fits = true;
  bool known = false;
  if (const auto named = rule.properties.find(key); named != rule.properties.end()) {
    known = true;
    fits = apply_to_property(named->second, key, value, sink);
    if (!fits && !go_on(sink)) return false;
  }
  for (const auto& [wanted, index] : rule.pattern_properties) {
    const bool matched = matches(*wanted, key);
    if (stopped()) return false;
    if (!matched) continue;
    known = true;
    if (apply_to_property(index, key, value, sink)) continue;
    fits = false;
    if (!go_on(sink)) return false;
  }
  if (known && seen != nullptr) seen->members.insert(&value);
  if (known || rule.additional_properties == no_node) return fits;
  if (!rules_.nodes[rule.additional_properties].never) {
    return apply_to_property(rule.additional_properties, key, value, sink);
  }
  path_.push_back({&key, 0});
  fail(sink, [&] { return not_expected(key); });
  path_.pop_back();
  return false;
}

bool validation::check_name(const node& rule, const std::string& key, problem_sink* sink) {
  problem_sink inner{1};
  if (apply(rule.property_names, json(key), nullptr, sink != nullptr ? &inner : nullptr)) {
    return true;
  }
  return fail(sink, [&] {
    const bool known = !inner.problems.empty();
    return "the property name " + quote(key) + " does not fit" +
           (known ? ": " + inner.problems.front().message : std::string{});
  });
}

bool validation::check_dependent(const node& rule, const json& value, evaluated* seen,
                                 problem_sink* sink) {
  bool fits = true;
  for (const auto& [key, required] : rule.dependent_required) {
    if (!spend(1)) return false;
    if (!value.contains(key)) continue;
    for (const auto other : required) {
      if (!spend(1)) return false;
      if (value.contains(other)) continue;
      fits = fail(sink, [&, &name = key] {
        return "expected a property " + quote(other) + " because there is " + quote(name) +
               ", found none";
      });
      if (!go_on(sink)) return false;
    }
  }
  for (const auto& [key, index] : rule.dependent_schemas) {
    if (!spend(1)) return false;
    if (!value.contains(key) || apply(index, value, seen, sink)) continue;
    fits = false;
    if (!go_on(sink)) return false;
  }
  return fits;
}

bool validation::check_unevaluated_properties(const node& rule, const json& value, evaluated* seen,
                                              problem_sink* sink) {
  bool fits = true;
  if (seen->all_properties) return true;
  const bool never = rules_.nodes[rule.unevaluated_properties].never;
  for (auto property = value.begin(); property != value.end(); ++property) {
    if (!spend(1)) return false;
    if (seen->members.contains(&property.value())) continue;
    if (never) {
      path_.push_back({&property.key(), 0});
      fits = fail(sink, [&] { return not_expected(property.key()); });
      path_.pop_back();
    } else if (!apply_to_property(rule.unevaluated_properties, property.key(), property.value(),
                                  sink)) {
      fits = false;
    }
    if (!fits && !go_on(sink)) return false;
  }
  seen->all_properties = true;
  return fits;
}

}  // namespace mcp::core::schema
