#include "mcp_client/remote_tool.hpp"

#include "io/default_loop.hpp"
#include "mcp/agents/mcp_client.hpp"
#include "mcp_client/remote_call.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace mcp::protocol {

std::string text_of(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

namespace {

/// FNV-1a, which stays the same from one start to the next.
std::string hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  std::string out(8, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit, hash >>= 4U) {
    *digit = "0123456789abcdef"[hash & 15U];
  }
  return out;
}

json_schema schema_of(const json& value) {
  if (value.dump(-1, ' ', false, json::error_handler_t::replace).size() >
      remote_limits::schema_bytes) {
    throw error{errc::too_large, "its schema is longer than " +
                                     std::to_string(remote_limits::schema_bytes) + " bytes"};
  }
  return json_schema{value};
}

void check_fit(const json_schema& schema, const json& value, errc code, const std::string& what) {
  const auto problems = schema.validate(value);
  if (problems.empty()) return;
  const auto& first = problems.front();
  throw error{code, what + ": " + (first.at.empty() ? "" : first.at + ": ") + first.message};
}

std::string block_text(const json& block) {
  const auto type = block.is_object() ? text_of(block, "type") : std::string{};
  if (type == "text") return text_of(block, "text");
  if (type == "image" || type == "audio") {
    return "[" + type + " " + text_of(block, "mimeType") + ", " +
           std::to_string(text_of(block, "data").size()) + " bytes in base64, not shown]";
  }
  if (type == "resource_link") return "[resource " + text_of(block, "uri") + "]";
  if (type == "resource" && block.contains("resource") && block["resource"].is_object()) {
    const auto& inside = block["resource"];
    return inside.contains("text") ? text_of(inside, "text")
                                   : "[resource " + text_of(inside, "uri") + ", not text]";
  }
  throw error{errc::malformed_answer, "the result of a tool has content of an unknown type"};
}

}  // namespace

std::string tool_name(std::string_view prefix, std::string_view name) {
  const auto whole =
      prefix.empty() ? std::string{name} : std::string{prefix} + "_" + std::string{name};
  auto out = whole;
  std::replace_if(
      out.begin(), out.end(),
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !letter && !(c >= '0' && c <= '9') && c != '_' && c != '-';
      },
      '_');
  if (out.size() <= remote_limits::name_bytes) return out;
  const auto hash = hash_of(whole);
  return out.substr(0, remote_limits::name_bytes - hash.size() - 1) + "_" + hash;
}

tool_result result_of(const json& answer, const std::optional<json_schema>& output) {
  if (!answer.is_object()) {
    throw error{errc::malformed_answer, "the result of a tool is no object"};
  }
  tool_result out{.content = {}, .is_error = answer.value("isError", json{}) == true};
  const auto content = answer.value("content", json::array());
  if (!content.is_array()) {
    throw error{errc::malformed_answer, "the content of a tool's result is no array"};
  }
  for (const auto& block : content) {
    if (!out.content.empty()) out.content += '\n';
    out.content += block_text(block);
  }
  const auto structured = answer.find("structuredContent");
  if (structured != answer.end()) {
    if (output && !out.is_error) {
      check_fit(*output, *structured, errc::malformed_answer,
                "the result of a tool does not fit its own outputSchema");
    }
    if (out.content.empty()) {
      out.content = structured->dump(-1, ' ', false, json::error_handler_t::replace);
    }
  } else if (output && !out.is_error) {
    throw error{errc::malformed_answer,
                "the result of a tool lacks the structured content that its outputSchema promises"};
  }
  return out;
}

remote_tool::remote_tool(const json& entry, std::string_view prefix, tool_options options,
                         std::weak_ptr<session> through)
    : name_(text_of(entry, "name")), options_(std::move(options)), through_(std::move(through)) {
  if (name_.empty()) throw error{errc::malformed_answer, "it has no name"};
  const auto schema = entry.find("inputSchema");
  if (schema == entry.end() || !schema->is_object()) {
    throw error{errc::invalid_schema, "its inputSchema is no object"};
  }
  if (schema->value("type", json{}) != "object") {
    throw error{errc::invalid_schema, "its inputSchema is not of type \"object\""};
  }
  input_.emplace(schema_of(*schema));
  std::optional<json_schema> output;
  if (const auto given = entry.find("outputSchema"); given != entry.end()) {
    output.emplace(schema_of(*given));
  }
  output_ = std::make_shared<const std::optional<json_schema>>(std::move(output));
  description_ = {tool_name(prefix, name_),
                  cut(text_of(entry, "description"), remote_limits::description_bytes),
                  schema->dump(-1, ' ', false, json::error_handler_t::replace)};
}

json remote_tool::checked(const std::string& arguments) const {
  if (arguments.size() > max_tool_arguments_bytes) {
    throw error{errc::invalid_tool_call, "the arguments are too long"};
  }
  const bool empty = arguments.find_first_not_of(" \t\r\n") == std::string::npos;
  try {
    auto given = parse_message(empty ? "{}" : arguments);
    if (!given.is_object()) throw error{errc::invalid_tool_call, "expected an object"};
    check_fit(*input_, given, errc::invalid_tool_call, "against the tool's schema");
    return given;
  } catch (const error& why) {
    throw error{errc::invalid_tool_call, "the arguments do not fit: " + why.message()};
  }
}

void remote_tool::start(const std::string& arguments, tool_reply reply) {
  const auto through = through_.lock();
  if (!through) throw error{errc::connection_failed, "the MCP client of this tool is gone"};
  json params{{"name", name_}, {"arguments", checked(arguments)}};
  if (auto place = reply.context().traceparent(); !place.empty()) {
    params["_meta"]["traceparent"] = std::move(place);
  }
  if (const auto& key = reply.idempotency_key(); !key.empty()) {
    params["_meta"][mcp_idempotency_key] = key;
  }
  const std::string called{reply.tool_name()};
  const auto call =
      std::make_shared<remote_call>(called.empty() ? description_.name : called, output_, reply);
  // Progress moves the session's own deadline too. Asking for it is what makes servers send it.
  const auto id = through->call(
      "tools/call", std::move(params), [call](outcome how) { call->end(std::move(how)); },
      [call](const rpc_progressed& how_far) { call->show(how_far, io::default_loop().now()); });
  if (id == 0) return;
  reply.on_cancel([weak = through_, id] {
    if (const auto alive = weak.lock()) alive->cancel(id);
  });
}

}  // namespace mcp::protocol
