#include "mcp/json_schema.hpp"

#include "json_schema_document.hpp"
#include "json_schema_validation.hpp"

#include <utility>

#include <nlohmann/json.hpp>

namespace mcp {

json_schema::json_schema(nlohmann::json schema)
    : document_(std::make_shared<const core::schema::document>(std::move(schema))) {}

std::vector<schema_problem> json_schema::validate(const nlohmann::json& instance) const {
  return core::schema::validation{*document_}.run(instance);
}

}  // namespace mcp
