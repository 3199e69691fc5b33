#pragma once

#include "json_schema_pattern.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

namespace mcp::core::schema {

/// The regular expressions of one schema, each compiled once. Addresses stay valid.
class pattern_set {
 public:
  /// Throws `mcp::error` for the place with the JSON pointer `at` in the schema: `invalid_schema`
  /// when it is no regular expression, `too_large` when it or all of them are too long.
  const pattern* add(const std::string& text, const std::string& at);

 private:
  std::deque<pattern> patterns_;
  std::unordered_map<std::string, const pattern*> by_text_;
  std::size_t memory_ = 0;
};

}  // namespace mcp::core::schema
