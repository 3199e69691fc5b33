#include "providers/anthropic_wire.hpp"

#include "providers/anthropic_answer.hpp"
#include "providers/wire_json.hpp"

#include <algorithm>
#include <utility>

namespace mcp::providers {
namespace {

/// A call's arguments as the object that the protocol wants; a model may have made them otherwise.
json arguments_object(const std::string& text) {
  if (text.empty()) return json::object();
  try {
    auto arguments = parse_json(text, "the arguments");
    if (arguments.is_object()) return arguments;
  } catch (const error&) {  // told to the model below, as it wrote them
  }
  return {{"malformed_arguments", text}};
}

json text_block(const std::string& text) {
  return {{"type", "text"}, {"text", text}};
}

json assistant_blocks(const message& said) {
  auto blocks = json::array();
  if (!said.content.empty()) blocks.push_back(text_block(said.content));
  for (const auto& call : said.tool_calls) {
    blocks.push_back({{"type", "tool_use"},
                      {"id", call.id},
                      {"name", call.name},
                      {"input", arguments_object(call.arguments)}});
  }
  return blocks;
}

json user_blocks(const message& said) {
  auto blocks = json::array();
  if (said.role == "tool") {
    blocks.push_back(
        {{"type", "tool_result"}, {"tool_use_id", said.tool_call_id}, {"content", said.content}});
  } else if (!said.content.empty()) {
    blocks.push_back(text_block(said.content));
  }
  return blocks;
}

/// The protocol wants results of tools in front of what else a user's message holds.
void results_first(json& content) {
  auto& blocks = content.get_ref<json::array_t&>();
  std::stable_partition(blocks.begin(), blocks.end(),
                        [](const json& block) { return block["type"] == "tool_result"; });
}

class anthropic final : public chat_wire {
 public:
  explicit anthropic(anthropic_wire_options options)
      : options_(std::move(options)), name_("anthropic/" + options_.model) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view path() const noexcept override { return "/messages"; }
  [[nodiscard]] std::vector<io::http_header> headers(const std::string& key) const override {
    std::vector<io::http_header> list{{"anthropic-version", options_.version}};
    if (!key.empty()) list.push_back({"x-api-key", key});
    return list;
  }
  [[nodiscard]] std::string body(const chat_request& request, bool stream) const override;
  [[nodiscard]] chat_answer read(std::string_view body,
                                 const chat_request& request) const override {
    return anthropic_answer(parse_json(body, "the answer"), anthropic_output_tool(request));
  }
  [[nodiscard]] std::unique_ptr<stream_reader> reader(const chat_request& request) const override {
    return anthropic_stream_reader(anthropic_output_tool(request));
  }

 private:
  static void add_messages(json& body, const chat_request& request);
  static void add_tools(json& body, const chat_request& request);

  anthropic_wire_options options_;
  std::string name_;
};

/// System messages go to a place of their own; messages of one role in a row become one.
void anthropic::add_messages(json& body, const chat_request& request) {
  std::string system;
  auto& list = body["messages"] = json::array();
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const auto& said = request.messages[i];
    if (said.role == "system") {
      system += (system.empty() ? "" : "\n\n") + said.content;
      continue;
    }
    const bool assistant = said.role == "assistant";
    if (!assistant && said.role != "user" && said.role != "tool") throw unknown_role(said, i);
    auto blocks = assistant ? assistant_blocks(said) : user_blocks(said);
    if (blocks.empty()) continue;  // the protocol refuses empty texts
    const std::string_view role = assistant ? "assistant" : "user";
    if (list.empty() || list.back()["role"] != role) {
      list.push_back({{"role", role}, {"content", json::array()}});
    }
    auto& content = list.back()["content"];
    content.insert(content.end(), blocks.begin(), blocks.end());
  }
  for (auto& turn : list) {
    if (turn["role"] == "user") results_first(turn["content"]);
  }
  if (!system.empty()) body["system"] = std::move(system);
}

void anthropic::add_tools(json& body, const chat_request& request) {
  const auto output = anthropic_output_tool(request);
  auto tools = json::array();
  for (const auto& tool : request.tools) {
    if (!output.empty() && tool.name == output) {
      throw error{errc::invalid_argument, "output_name \"" + output +
                                              "\" is the name of a tool too; give the output "
                                              "another name"};
    }
    json described{{"name", tool.name},
                   {"input_schema", schema_object(tool.parameters, "tool " + tool.name)}};
    if (!tool.description.empty()) described["description"] = tool.description;
    tools.push_back(std::move(described));
  }
  const bool other_calls = !tools.empty() && request.tool_choice != tool_choice::none;
  if (!output.empty()) {
    tools.push_back({{"name", output},
                     {"description", "Gives the final answer. Call it instead of writing a text."},
                     {"input_schema", schema_object(request.output_schema, "output_schema")}});
    body["tool_choice"] =
        other_calls ? json{{"type", "any"}} : json{{"type", "tool"}, {"name", output}};
  } else if (!tools.empty()) {
    switch (request.tool_choice) {
      case tool_choice::automatic:
        break;
      case tool_choice::none:
        body["tool_choice"] = {{"type", "none"}};
        break;
      case tool_choice::required:
        body["tool_choice"] = {{"type", "any"}};
        break;
      case tool_choice::named:
        body["tool_choice"] = {{"type", "tool"}, {"name", request.tool}};
        break;
    }
  }
  if (!tools.empty()) body["tools"] = std::move(tools);
}

std::string anthropic::body(const chat_request& request, bool stream) const {
  check_request(request);
  json body{{"model", request.model.empty() ? options_.model : request.model},
            {"max_tokens", request.max_tokens.value_or(options_.max_tokens)}};
  add_messages(body, request);
  add_tools(body, request);
  if (!request.stop.empty()) body["stop_sequences"] = request.stop;
  if (request.temperature) body["temperature"] = *request.temperature;
  if (stream) body["stream"] = true;
  return to_text(body);
}

}  // namespace

std::unique_ptr<chat_wire> anthropic_wire(anthropic_wire_options options) {
  return std::make_unique<anthropic>(std::move(options));
}

}  // namespace mcp::providers
