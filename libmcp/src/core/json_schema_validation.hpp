#pragma once

#include "json_schema_document.hpp"
#include "json_schema_pattern.hpp"
#include "mcp/json_schema.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace mcp::core::schema {

/// Which members of one object or array some keyword has looked at, for unevaluated*.
struct evaluated {
  bool all_properties = false;
  std::size_t first_items = 0;  ///< that many from the front
  std::unordered_set<const nlohmann::json*> members;
};

/// Where problems go. A null sink, or a full one, means: only the verdict is wanted.
struct problem_sink {
  std::size_t limit;
  std::vector<schema_problem> problems{};
  std::size_t depth = 0;  ///< of the first problem's place

  [[nodiscard]] bool full() const noexcept { return problems.size() >= limit; }
};

/// One validation of one instance. Every check answers whether the value fits; an exhausted
/// budget answers false everywhere and is reported once, at the end.
class validation {
 public:
  explicit validation(const document& rules) : rules_(rules) {}

  [[nodiscard]] std::vector<schema_problem> run(const nlohmann::json& instance);

 private:
  using json = nlohmann::json;
  using check = bool (validation::*)(const node&, const json&, evaluated*, problem_sink*);

  bool apply(node_index index, const json& value, evaluated* seen, problem_sink* sink);
  bool apply_checks(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool apply_apart(node_index index, const json& value, evaluated* seen, problem_sink* sink);
  bool apply_reference(node_index target, const json& value, evaluated* seen, problem_sink* sink);
  bool apply_to_item(node_index index, const json& array, std::size_t item, problem_sink* sink);
  bool apply_to_property(node_index index, const std::string& key, const json& value,
                         problem_sink* sink);

  bool check_type(const node& rule, const json& value, problem_sink* sink);
  bool check_values(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_number(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_string(const node& rule, const json& value, evaluated* seen, problem_sink* sink);

  bool check_array(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_items(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_contains(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_unique(const json& value, problem_sink* sink);

  bool check_object(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_required(const node& rule, const json& value, problem_sink* sink);
  bool check_properties(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_property(const node& rule, const std::string& key, const json& value, evaluated* seen,
                      problem_sink* sink);
  bool check_name(const node& rule, const std::string& key, problem_sink* sink);
  bool check_dependent(const node& rule, const json& value, evaluated* seen, problem_sink* sink);

  bool check_references(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_all_of(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_any_of(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_one_of(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_not(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool check_condition(const node& rule, const json& value, evaluated* seen, problem_sink* sink);
  bool fail_choice(std::string_view keyword, const std::vector<problem_sink>& attempts,
                   problem_sink* sink);

  bool check_unevaluated_items(const node& rule, const json& value, evaluated* seen,
                               problem_sink* sink);
  bool check_unevaluated_properties(const node& rule, const json& value, evaluated* seen,
                                    problem_sink* sink);
  void merge(evaluated* into, const evaluated& from);

  [[nodiscard]] node_index dynamic_target(const node& rule);
  [[nodiscard]] bool matches(const pattern& wanted, std::string_view text);
  [[nodiscard]] bool equal(const json& a, const json& b);

  /// Takes work from the budget; false when it is used up.
  bool spend(std::uint64_t steps);
  /// Ends the validation; the first reason counts.
  bool stop(std::string reason);
  [[nodiscard]] bool stopped() const noexcept { return !stop_reason_.empty(); }
  /// Whether looking for further problems makes sense after one was found.
  [[nodiscard]] bool go_on(const problem_sink* sink) const noexcept {
    return sink != nullptr && !sink->full() && !stopped();
  }
  [[nodiscard]] std::string here() const;

  /// Reports a problem at the current place; `text` makes the message, only if it is wanted.
  template <class Text>
  bool fail(problem_sink* sink, Text&& text) {
    if (go_on(sink) && spend(report_cost)) report(*sink, std::forward<Text>(text)());
    return false;
  }
  void report(problem_sink& sink, const std::string& message);

  static constexpr std::uint64_t report_cost = 20;

  struct step {
    const std::string* key;  ///< null: an item of an array
    std::size_t item;
  };
  struct application {
    node_index rule;
    const json* value;
  };

  const document& rules_;
  work_meter meter_{json_schema_limits::validation_work};
  pattern_matcher matcher_;
  std::vector<step> path_;
  std::vector<std::uint32_t> scope_;       ///< resources entered, outermost first
  std::vector<application> applications_;  ///< schemas being applied, outermost first
  std::string stop_reason_;
  std::string stop_place_;
};

}  // namespace mcp::core::schema
