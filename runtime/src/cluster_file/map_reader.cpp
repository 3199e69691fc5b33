#include "cluster_file/map_reader.hpp"

#include <nlohmann/json.hpp>

namespace mcp::cluster {
namespace {

std::string ticked(std::string_view key) {
  return "`" + std::string{key} + "`";
}

}  // namespace

map_reader::map_reader(const yaml_node& node, std::string what, problem_list& problems)
    : node_(node), what_(std::move(what)), problems_(problems) {
  if (node.is(yaml_node::kind::map) || node.is(yaml_node::kind::null)) return;
  problems_.error(node.at, what_ + " is " + std::string{mcp::cluster::name(node.what)},
                  "write a mapping of keys and values");
}

map_reader::~map_reader() {
  const std::vector<std::string> known{asked_.begin(), asked_.end()};
  for (const auto& entry : node_.entries) {
    if (asked_.contains(entry.key)) continue;
    auto advice = nearest(entry.key, known);
    std::string all;
    for (const auto& one : known) all += (all.empty() ? "" : ", ") + one;
    problems_.error(entry.at, what_ + " has no key " + ticked(entry.key) + advice,
                    "known are: " + all);
  }
}

file_position map_reader::at(std::string_view key) const noexcept {
  for (const auto& entry : node_.entries) {
    if (entry.key == key) return entry.value.at;
  }
  return node_.at;
}

bool map_reader::has(std::string_view key) const noexcept {
  return node_.find(key) != nullptr;
}

void map_reader::wrong(std::string_view key, std::string message, std::string advice) {
  problems_.error(at(key), ticked(key) + " of " + what_ + " " + std::move(message),
                  std::move(advice));
}

const yaml_node* map_reader::any(std::string_view key) {
  asked_.emplace(key);
  return node_.find(key);
}

const yaml_node* map_reader::of(std::string_view key, yaml_node::kind wanted) {
  const auto* found = any(key);
  if (found == nullptr || found->is(wanted)) return found;
  wrong(key, "is " + std::string{mcp::cluster::name(found->what)},
        "write " + std::string{mcp::cluster::name(wanted)});
  return nullptr;
}

const yaml_node* map_reader::map(std::string_view key) {
  return of(key, yaml_node::kind::map);
}

const yaml_node* map_reader::list(std::string_view key) {
  return of(key, yaml_node::kind::list);
}

const yaml_node* map_reader::scalar(std::string_view key, std::string_view wanted) {
  const auto* found = any(key);
  if (found == nullptr || found->is(yaml_node::kind::scalar)) return found;
  wrong(key, "is " + std::string{mcp::cluster::name(found->what)}, "write " + std::string{wanted});
  return nullptr;
}

std::optional<std::string> map_reader::text(std::string_view key) {
  const auto* found = scalar(key, "a text");
  if (found == nullptr) return std::nullopt;
  return found->text;
}

std::string map_reader::text_or(std::string_view key, std::string otherwise) {
  return text(key).value_or(std::move(otherwise));
}

std::optional<placed_name> map_reader::name(std::string_view key) {
  const auto* found = scalar(key, "a name");
  if (found == nullptr) return std::nullopt;
  return placed_name{found->text, found->at};
}

std::optional<std::int64_t> map_reader::integer(std::string_view key, std::int64_t least,
                                                std::int64_t most) {
  const auto* found = scalar(key, "a whole number");
  if (found == nullptr) return std::nullopt;
  const auto value = to_json(*found);
  if (!value.is_number_integer()) {
    wrong(key, "is \"" + found->text + "\"", "write a whole number");
    return std::nullopt;
  }
  const auto number = value.get<std::int64_t>();
  if (number >= least && number <= most) return number;
  wrong(key, "is " + found->text,
        most == std::numeric_limits<std::int64_t>::max()
            ? "write at least " + std::to_string(least)
            : "write a number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<double> map_reader::number(std::string_view key, double least, double most) {
  const auto* found = scalar(key, "a number");
  if (found == nullptr) return std::nullopt;
  const auto value = to_json(*found);
  if (value.is_number() && value.get<double>() >= least && value.get<double>() <= most) {
    return value.get<double>();
  }
  wrong(
      key, "is \"" + found->text + "\"",
      "write a number from " + nlohmann::json(least).dump() + " to " + nlohmann::json(most).dump());
  return std::nullopt;
}

std::optional<bool> map_reader::boolean(std::string_view key) {
  const auto* found = scalar(key, "true or false");
  if (found == nullptr) return std::nullopt;
  const auto value = to_json(*found);
  if (value.is_boolean()) return value.get<bool>();
  wrong(key, "is \"" + found->text + "\"", "write true or false");
  return std::nullopt;
}

std::optional<milliseconds> map_reader::duration(std::string_view key) {
  const auto* found = scalar(key, "a duration");
  if (found == nullptr) return std::nullopt;
  if (auto parsed = parse_duration(found->text)) return parsed;
  wrong(key, "is \"" + found->text + "\"", "write a duration such as 500ms, 30s, 10m, 2h or 30d");
  return std::nullopt;
}

std::vector<placed_name> map_reader::names(std::string_view key) {
  const auto* found = any(key);
  if (found == nullptr) return {};
  return names_of(*found, ticked(key) + " of " + what_, problems_);
}

std::optional<std::size_t> map_reader::word(std::string_view key,
                                            const std::vector<std::string>& known) {
  const auto found = text(key);
  if (!found) return std::nullopt;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == *found) return i;
  }
  std::string all;
  for (const auto& one : known) all += (all.empty() ? "" : ", ") + one;
  wrong(key, "is \"" + *found + "\"" + nearest(*found, known), "known are: " + all);
  return std::nullopt;
}

nlohmann::json map_reader::value(std::string_view key) {
  const auto* found = any(key);
  return found == nullptr ? nlohmann::json{} : to_json(*found);
}

std::vector<placed_name> names_of(const yaml_node& node, std::string_view what,
                                  problem_list& problems) {
  std::vector<placed_name> result;
  if (node.is(yaml_node::kind::scalar)) {
    result.push_back({node.text, node.at});
    return result;
  }
  if (!node.is(yaml_node::kind::list)) {
    problems.error(node.at, std::string{what} + " is " + std::string{name(node.what)},
                   "write a name or a list of names");
    return result;
  }
  for (const auto& item : node.items) {
    if (item.is(yaml_node::kind::scalar)) {
      result.push_back({item.text, item.at});
    } else {
      problems.error(item.at,
                     "an entry of " + std::string{what} + " is " + std::string{name(item.what)},
                     "write a name");
    }
  }
  return result;
}

}  // namespace mcp::cluster
