#pragma once

#include "mcp/export.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace mcp {
namespace core::schema {
class document;
}

/// What a schema and a validation may cost. A schema beyond a limit is refused with
/// `errc::too_large`; a validation beyond one ends with a problem that says so.
struct json_schema_limits {
  static constexpr std::size_t schema_depth = 200;           ///< nesting of the schema's JSON
  static constexpr std::size_t schema_nodes = 20'000;        ///< schemas within one document
  static constexpr std::size_t schema_problems = 32;         ///< entries of one validation
  static constexpr std::size_t instance_depth = 512;         ///< nesting of the instance
  static constexpr std::size_t evaluation_depth = 2048;      ///< schemas applied inside each other
  static constexpr std::size_t uri_bytes = 4096;             ///< length of one resolved $id
  static constexpr std::size_t pattern_bytes = 4096;         ///< length of one regular expression
  static constexpr std::size_t patterns_memory = 16 << 20;   ///< bytes, all compiled expressions
  static constexpr std::uint32_t pattern_steps = 1'000'000;  ///< backtracking of one match
  static constexpr std::uint32_t pattern_heap_kib = 4096;    ///< memory of one match, KiB
  static constexpr std::uint64_t validation_work = 10'000'000;  ///< steps of one validation
  static constexpr std::size_t pointer_bytes = 1024;            ///< longest pointer reported
  static constexpr std::size_t message_bytes = 400;             ///< longest message reported
};

/// One way in which an instance does not fit its schema.
struct schema_problem {
  std::string at;       ///< JSON pointer in the instance; a very long one is cut and ends in "..."
  std::string message;  ///< what was expected and what was found, shortened

  friend bool operator==(const schema_problem&, const schema_problem&) = default;
};

/// A JSON Schema, draft 2020-12 (or 2019-09, or draft-04 to draft-07 when `$schema` says so).
/// Nothing is fetched: every reference has to lead to a place in the document. `format` is not
/// checked, unknown keywords are ignored. docs/json-schema.md lists what is supported.
/// Immutable: one object may be used from several threads at once. Copies share the schema.
class MCP_EXPORT json_schema {
 public:
  /// Compiles `schema`. Throws `mcp::error`: `invalid_schema` with the JSON pointer of the
  /// offending place, `too_large` with the limit that was exceeded.
  explicit json_schema(nlohmann::json schema);
  // Copies only: moving would leave an object without a schema.
  json_schema(const json_schema&) = default;
  json_schema& operator=(const json_schema&) = default;
  ~json_schema() = default;

  /// The problems of `instance`, at most `json_schema_limits::schema_problems`; none: it is valid.
  /// Ends after a bounded amount of work whatever schema and instance are.
  [[nodiscard]] std::vector<schema_problem> validate(const nlohmann::json& instance) const;

 private:
  std::shared_ptr<const core::schema::document> document_;
};

}  // namespace mcp
