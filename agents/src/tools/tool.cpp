#include "mcp/agents/tool.hpp"

#include <algorithm>

namespace mcp {

tool::~tool() = default;
tool_port::~tool_port() = default;

namespace detail {

std::string arguments_schema(const schema_writer& writer,
                             const std::vector<argument_field>& fields) {
  std::vector<schema_property> properties;
  properties.reserve(fields.size());
  for (const auto& field : fields) {
    properties.push_back({field.name, field.text, field.schema, field.default_json});
  }
  return writer.document(schema_writer::object(properties));
}

error invalid_arguments(const error& reason) {
  return error{errc::invalid_tool_call, "the arguments do not fit: " + reason.message()};
}

std::string read_arguments(const std::string& arguments,
                           const std::vector<std::string_view>& required) {
  if (arguments.size() > max_tool_arguments_bytes) {
    throw error{errc::invalid_tool_call, "the arguments have " + std::to_string(arguments.size()) +
                                             " bytes, more than " +
                                             std::to_string(max_tool_arguments_bytes)};
  }
  // Models send nothing at all for a tool without arguments.
  const bool empty = arguments.find_first_not_of(" \t\r\n") == std::string::npos;
  try {
    auto bytes = json_to_cbor(empty ? "{}" : arguments);
    cbor_reader reader{bytes};
    if (reader.peek() != cbor_kind::map) reader.fail("expected an object");
    std::vector<std::string_view> given;
    for (auto left = reader.map(); left > 0; --left) {
      given.push_back(reader.text());
      reader.skip();
    }
    for (const auto name : required) {
      if (std::find(given.begin(), given.end(), name) == given.end()) {
        reader.fail("\"" + std::string{name} + "\" is missing");
      }
    }
    return bytes;
  } catch (const error& reason) {
    throw invalid_arguments(reason);
  }
}

}  // namespace detail
}  // namespace mcp
