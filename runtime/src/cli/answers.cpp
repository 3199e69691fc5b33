#include "cli/answers.hpp"

#include "mcp/json.hpp"
#include "mcp/json_schema.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

constexpr std::string_view name_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./ ";

bool is_json(const std::string& text) {
  try {
    static_cast<void>(json_to_cbor(text));
    return true;
  } catch (const error&) {
    return false;
  }
}

/// What is wrong with `content`; empty: it fits.
std::string misfit(const nlohmann::json& content, const std::optional<json_schema>& schema) {
  if (content.is_null()) return "null is no answer";
  if (!schema) return {};
  const auto problems = schema->validate(content);
  if (problems.empty()) return {};
  return (problems.front().at.empty() ? "" : problems.front().at + ": ") + problems.front().message;
}

std::optional<bool> yes_or_no(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (text == "y" || text == "yes") return true;
  if (text == "n" || text == "no") return false;
  return std::nullopt;
}

/// The schema that stands behind a reference into the same document, as that of a described struct
/// does.
const nlohmann::json& referred(const nlohmann::json& schema) {
  if (!schema.is_object() || !schema.contains("$ref") || !schema["$ref"].is_string()) return schema;
  const auto& text = schema["$ref"].get_ref<const std::string&>();
  constexpr std::string_view definitions = "#/$defs/";
  if (!text.starts_with(definitions) || !schema.contains("$defs")) return schema;
  const auto& known = schema["$defs"];
  const auto name = text.substr(definitions.size());
  return known.is_object() && known.contains(name) ? known.at(name) : schema;
}

/// An answer to the question whether a tool may be called, given as words: "accept", "reject too
/// dear", "edit {...}", "respond 42"; nothing when this is no such question, or no such word.
std::optional<nlohmann::json> decision(const std::string& text, const nlohmann::json& whole) {
  const auto& schema = referred(whole);
  const nlohmann::json::json_pointer place{"/properties/type/enum"};
  if (!schema.is_object() || !schema.contains(place)) return std::nullopt;
  const auto at = text.find(' ');
  auto word = text.substr(0, at);
  const auto rest = at == std::string::npos ? std::string{} : text.substr(at + 1);
  if (const auto decided = yes_or_no(word)) word = *decided ? "accept" : "reject";
  const auto& words = schema.at(place);
  if (std::find(words.begin(), words.end(), nlohmann::json(word)) == words.end()) {
    return std::nullopt;
  }
  nlohmann::json made{{"type", word}};
  if (!rest.empty()) made[word == "edit" ? "arguments" : "message"] = rest;
  for (const auto& name : schema.value("required", nlohmann::json::array())) {
    if (!made.contains(name)) made[name.get<std::string>()] = "";
  }
  return made;
}

}  // namespace

bool asks_for_decision(const std::string& schema_text) {
  const auto schema = nlohmann::json::parse(schema_text, nullptr, false);
  return !schema.is_discarded() && decision("accept", schema) && decision("respond x", schema);
}

nlohmann::json read_answer(std::string_view given, const std::string& schema_text) {
  const auto first = given.find_first_not_of(" \t\r\n");
  const auto last = given.find_last_not_of(" \t\r\n");
  const std::string text{first == std::string_view::npos ? std::string_view{}
                                                         : given.substr(first, last - first + 1)};
  std::optional<json_schema> schema;
  if (!schema_text.empty()) {
    const auto content = nlohmann::json::parse(schema_text);
    schema.emplace(content);
    if (const auto made = decision(text, content); made && misfit(*made, schema).empty()) {
      return *made;
    }
  }
  std::string problem;
  if (is_json(text)) {
    auto content = nlohmann::json::parse(text);
    problem = misfit(content, schema);
    if (problem.empty()) return content;
  }
  if (const auto decided = yes_or_no(text)) {
    if (schema && misfit(*decided, schema).empty() && !misfit(text, schema).empty()) {
      return *decided;
    }
  }
  const auto as_text = misfit(text, schema);
  if (as_text.empty() && !text.empty()) return text;
  if (problem.empty()) problem = text.empty() ? "it is empty" : as_text;
  throw error{errc::invalid_answer, "the answer does not fit: " + problem};
}

given_answers::given_answers(const std::vector<std::string>& given) {
  for (const auto& text : given) {
    const auto at = text.find('=');
    const bool named = at != std::string::npos && at > 0 &&
                       text.find_first_not_of(name_characters) >= at && !is_json(text);
    left_.push_back(named ? one{text.substr(0, at), text.substr(at + 1)} : one{"", text});
  }
}

std::optional<std::string> given_answers::take_for(const pending_interrupt& asked) {
  const auto found = std::find_if(left_.begin(), left_.end(), [&](const one& answer) {
    return !answer.name.empty() && (answer.name == asked.id || answer.name == asked.node);
  });
  if (found == left_.end()) return std::nullopt;
  auto text = std::move(found->text);
  left_.erase(found);
  return text;
}

std::map<std::string, nlohmann::json> given_answers::take(
    const std::vector<pending_interrupt>& asked) {
  std::map<std::string, nlohmann::json> taken;
  std::vector<const pending_interrupt*> open;
  for (const auto& question : asked) {
    if (question.id.empty()) continue;  // a stop at a node asks nothing
    if (const auto text = take_for(question)) {
      taken.emplace(question.id, read_answer(*text, question.schema));
    } else {
      open.push_back(&question);
    }
  }
  const auto bare = std::find_if(left_.begin(), left_.end(),
                                 [](const one& answer) { return answer.name.empty(); });
  if (open.size() == 1 && bare != left_.end()) {
    taken.emplace(open.front()->id, read_answer(bare->text, open.front()->schema));
    left_.erase(bare);
  }
  return taken;
}

std::string given_answers::unused() const {
  std::string list;
  for (const auto& answer : left_) {
    list += (list.empty() ? "" : ", ") + (answer.name.empty() ? answer.text : answer.name);
  }
  return list;
}

}  // namespace mcp::cluster
