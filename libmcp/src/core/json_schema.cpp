#include "json_schema.hpp"

#include "json_schema_document.hpp"
#include "json_schema_validation.hpp"

#include <utility>

#include <nlohmann/json.hpp>

namespace mcp::core {

json_schema::json_schema(nlohmann::json schema)
    : document_(std::make_shared<const schema::document>(std::move(schema))) {}

std::vector<schema_problem> json_schema::validate(const nlohmann::json& instance) const {
  return schema::validation{*document_}.run(instance);
}

}  // namespace mcp::core
