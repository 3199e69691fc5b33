#include "cluster_file/scalar.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include <nlohmann/json.hpp>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

json plain_value(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto number = parse_number<std::int64_t>(text)) return *number;
  constexpr std::string_view number_start = "+-.0123456789";
  if (number_start.find(text.front()) != std::string_view::npos) {
    if (const auto number = parse_number<double>(text); number && std::isfinite(*number)) {
      return *number;
    }
  }
  return text;
}

bool is_name(std::string_view name) {
  if (name.empty()) return false;
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return name.find_first_not_of(allowed) == std::string_view::npos;
}

bool holds_key(std::string_view name) {
  return name.ends_with("_API_KEY") || name.ends_with("_SECRET") || name.ends_with("_TOKEN");
}

/// Replaces the variables of one scalar.
class replacement {
 public:
  replacement(yaml_node& node, const environment& variables, problem_list& problems)
      : node_(node), variables_(variables), problems_(problems) {}

  void run() {
    std::string_view rest = node_.text;
    std::string result;
    for (;;) {
      const auto start = rest.find("${");
      if (start == std::string_view::npos) break;
      if (start > 0 && rest[start - 1] == '$') {
        result += rest.substr(0, start - 1);
        result += "${";
        rest.remove_prefix(start + 2);
        continue;
      }
      const auto end = rest.find('}', start);
      if (end == std::string_view::npos) {
        problems_.error(node_.at, "\"${\" is not closed by \"}\"",
                        "write \"$${\" for the two characters themselves");
        break;
      }
      result += rest.substr(0, start);
      result += value_of(rest.substr(start + 2, end - start - 2));
      rest.remove_prefix(end + 1);
      if (result.size() > max_yaml_bytes) {
        problems_.error(node_.at, "variables of the environment make the text too large");
        return;
      }
    }
    result += rest;
    node_.text = std::move(result);
  }

 private:
  std::string value_of(std::string_view inside) {
    const auto split = inside.find(":-");
    const std::string name{inside.substr(0, split)};
    if (!is_name(name)) {
      problems_.error(node_.at, "\"" + name + "\" is not the name of a variable",
                      "write ${NAME} or ${NAME:-default}");
      return {};
    }
    if (holds_key(name)) {
      problems_.error(node_.at, "the variable " + name + " holds a key, which must not get here",
                      "give the model `api_key_env: " + name + "`");
      return {};
    }
    if (auto value = variables_(name); value && !value->empty()) return *value;
    if (split != std::string_view::npos) return std::string{inside.substr(split + 2)};
    problems_.error(node_.at, "the variable " + name + " is not set",
                    "set it, or write ${" + name + ":-default}");
    return {};
  }

  yaml_node& node_;
  const environment& variables_;
  problem_list& problems_;
};

}  // namespace

json to_json(const yaml_node& node) {
  switch (node.what) {
    case yaml_node::kind::scalar:
      return node.quoted ? json(node.text) : plain_value(node.text);
    case yaml_node::kind::list: {
      auto result = json::array();
      for (const auto& item : node.items) result.push_back(to_json(item));
      return result;
    }
    case yaml_node::kind::map: {
      auto result = json::object();
      for (const auto& entry : node.entries) result[entry.key] = to_json(entry.value);
      return result;
    }
    default:
      return nullptr;
  }
}

std::optional<milliseconds> parse_duration(std::string_view text) noexcept {
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr std::int64_t longest = 3'650LL * 86'400'000;
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number<std::int64_t>(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const auto& [unit, size] : units) {
    if (text.substr(digits) != unit) continue;
    if (*number > longest / size) return std::nullopt;
    return milliseconds{*number * size};
  }
  return std::nullopt;
}

environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

void substitute(yaml_node& node, const environment& variables, problem_list& problems) {
  if (node.is(yaml_node::kind::scalar)) {
    if (node.text.find("${") == std::string::npos) return;
    return replacement{node, variables, problems}.run();
  }
  for (auto& item : node.items) substitute(item, variables, problems);
  for (auto& entry : node.entries) {
    if (entry.key != "lua") substitute(entry.value, variables, problems);
  }
}

}  // namespace mcp::cluster
