#include "json_schema_pattern_set.hpp"

#include "json_schema_index.hpp"
#include "mcp/json_schema.hpp"

#include <stdexcept>

namespace mcp::core::schema {

const pattern* pattern_set::add(const std::string& text, const std::string& at) {
  auto& known = by_text_[text];
  if (known != nullptr) return known;
  if (text.size() > json_schema_limits::pattern_bytes) {
    refuse_size(at, "a regular expression may have " +
                        std::to_string(json_schema_limits::pattern_bytes) + " bytes");
  }
  try {
    known = &patterns_.emplace_back(text);
  } catch (const std::invalid_argument& problem) {
    refuse(at, problem.what());
  }
  memory_ += known->memory();
  if (memory_ > json_schema_limits::patterns_memory) {
    refuse_size(at, "the regular expressions may take " +
                        std::to_string(json_schema_limits::patterns_memory) +
                        " bytes when compiled");
  }
  return known;
}

}  // namespace mcp::core::schema
