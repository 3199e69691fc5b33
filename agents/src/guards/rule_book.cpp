#include "guards/rule_book.hpp"

#include "mcp/json.hpp"
#include "tools/text.hpp"

#include <utility>

namespace mcp::guards {
namespace {

struct secret_shape {
  const char* what;
  const char* pattern;
};

/// Long enough prefixes that prose does not match. A private key is taken out with its body.
constexpr secret_shape secret_shapes[] = {
    {"a private key",
     "-----BEGIN [A-Z ]{0,30}PRIVATE KEY( BLOCK)?-----(?:[^-]{0,20000}-----END [A-Z ]{0,30}PRIVATE "
     "KEY( BLOCK)?-----)?"},
    {"an API key", "\\bsk-[A-Za-z0-9_-]{20,200}"},
    {"an API key", "\\b[sr]k_live_[A-Za-z0-9]{16,200}"},
    {"an API key", "\\bAIza[0-9A-Za-z_-]{35}"},
    {"an access key", "\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b"},
    {"an access token", "\\bgh[pousr]_[A-Za-z0-9]{36,255}"},
    {"an access token", "\\bgithub_pat_[A-Za-z0-9_]{22,255}"},
    {"an access token", "\\bglpat-[A-Za-z0-9_-]{20,255}"},
    {"an access token", "\\bxox[abposr]-[A-Za-z0-9-]{10,255}"},
    {"an access token",
     "\\beyJ[A-Za-z0-9_-]{8,4000}\\.eyJ[A-Za-z0-9_-]{8,4000}\\.[A-Za-z0-9_-]{8,"
     "4000}"},
    {"an access token", "(?i)\\bbearer\\s{1,4}[A-Za-z0-9._~+/-]{20,4000}=*"},
};

std::optional<std::string> schema_problem_of(const json_schema& schema, std::string_view text) {
  try {
    static_cast<void>(json_to_cbor(text));  // refuses what is too deep
  } catch (const error& reason) {
    return "the text is not JSON: " + reason.message();
  }
  const auto problems = schema.validate(nlohmann::json::parse(text));
  if (problems.empty()) return std::nullopt;
  // Where, not what: the validator's words quote the text.
  return "the JSON does not fit the schema at \"" + problems.front().at + "\"";
}

}  // namespace

rule_book::rule_book(guard_options options) : options_(std::move(options)) {
  if (options_.blocked.size() > max_patterns) {
    throw error{errc::invalid_argument, "the guard \"" + options_.name + "\" has more than " +
                                            std::to_string(max_patterns) + " patterns"};
  }
  for (const auto& text : options_.blocked) {
    rules_.push_back({pattern{text}, "blocked pattern " + std::to_string(rules_.size() + 1)});
  }
  if (options_.secrets) {
    for (const auto& shape : secret_shapes) {
      rules_.push_back({pattern{shape.pattern}, std::string{"it contains "} + shape.what});
    }
  }
  if (!options_.schema.empty()) {
    static_cast<void>(json_to_cbor(options_.schema));
    schema_.emplace(nlohmann::json::parse(options_.schema));
  }
}

std::optional<std::string> rule_book::problem(std::string_view text, coverage what) const {
  if (options_.max_bytes > 0 && text.size() > options_.max_bytes) {
    return "it is " + std::to_string(text.size()) + " bytes long, more than max_bytes, " +
           std::to_string(options_.max_bytes);
  }
  for (const auto& one : rules_) {
    const auto found = one.what.search(text, 1);
    if (!found) return "it could not be checked within the limits (" + one.reason + ")";
    if (!found->empty()) return one.reason;
  }
  if (!schema_ || what == coverage::without_schema) return std::nullopt;
  return schema_problem_of(*schema_, text);
}

std::optional<std::string> rule_book::redacted(std::string text, coverage what) const {
  if (options_.max_bytes > 0) text.resize(tools::cut_text(text, options_.max_bytes).size());
  for (const auto& one : rules_) {
    const auto found = one.what.search(text, max_redactions);
    if (!found) return std::nullopt;
    std::string kept;
    std::size_t at = 0;
    for (const auto& place : *found) {
      kept.append(text, at, place.begin - at).append(options_.replacement);
      at = place.end;
    }
    text = kept.append(text, at);
  }
  if (problem(text, what)) return std::nullopt;
  return text;
}

}  // namespace mcp::guards
