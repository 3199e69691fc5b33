#include "system/resource_tools.hpp"

#include "mcp/json.hpp"

#include <utility>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;
using client_source = std::function<std::shared_ptr<mcp_client>()>;

struct nothing_wanted {};
MCP_STRUCT(nothing_wanted)
struct resource_wish {
  std::string uri{};
};
MCP_STRUCT(resource_wish, (uri, mcp::doc("of a resource of the server")))

std::shared_ptr<mcp_client> running(const client_source& client) {
  if (auto found = client()) return found;
  throw error{errc::connection_failed, "the server is gone"};
}

/// Not every server that has resources knows of templates.
std::vector<mcp_resource_template> templates_of(mcp_client& client) {
  try {
    return client.resource_templates();
  } catch (const error& why) {
    if (why.code() == errc::tool_failed || why.code() == errc::malformed_answer) return {};
    throw;
  }
}

std::string list(const client_source& client) {
  auto result = json::array();
  for (const auto& one : running(client)->resources()) {
    result.push_back({{"uri", one.uri},
                      {"name", one.name},
                      {"description", one.description},
                      {"mime_type", one.mime_type}});
  }
  for (const auto& one : templates_of(*running(client))) {
    result.push_back({{"uri_template", one.uri_template},
                      {"name", one.name},
                      {"description", one.description},
                      {"mime_type", one.mime_type}});
  }
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string read(const client_source& client, const std::string& uri) {
  std::string text;
  for (const auto& one : running(client)->read_resource(uri)) {
    if (!text.empty()) text += '\n';
    text += one.blob.empty() ? one.text
                             : "[" + one.mime_type + ", " + std::to_string(one.blob.size()) +
                                   " bytes in base64, not shown]";
  }
  return text;
}

}  // namespace

std::vector<mcp_server_tool> resource_tools(client_source client) {
  const tool_options options{.blocking = true, .tell_model = true};
  return {
      {list_resources_name, make_tool(
                                list_resources_name, "Lists what a server has to read.",
                                [client](const nothing_wanted&) { return list(client); }, options)},
      {read_resource_name,
       make_tool(
           read_resource_name, "Reads a resource of a server by its URI.",
           [client](const resource_wish& wish) { return read(client, wish.uri); }, options)}};
}

}  // namespace mcp::cluster
