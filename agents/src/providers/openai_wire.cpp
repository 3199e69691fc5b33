#include "providers/openai_wire.hpp"

#include "providers/openai_answer.hpp"
#include "providers/openai_place.hpp"
#include "providers/wire_json.hpp"

#include <algorithm>
#include <utility>

namespace mcp::providers {
namespace {

/// OpenAI takes letters, digits, '_' and '-' only.
std::string speaker(std::string name) {
  constexpr std::string_view taken =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  constexpr std::size_t longest = 64;
  for (auto& letter : name) {
    if (taken.find(letter) == std::string_view::npos) letter = '_';
  }
  return name.substr(0, longest);
}

json call_body(const tool_call& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function",
           {{"name", call.name}, {"arguments", call.arguments.empty() ? "{}" : call.arguments}}}};
}

class openai final : public chat_wire {
 public:
  explicit openai(openai_wire_options options)
      : options_(std::move(options)), name_(openai_name(options_.dialect, options_.model)) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view path() const noexcept override { return "/chat/completions"; }
  [[nodiscard]] std::vector<io::http_header> headers(const std::string& key) const override {
    if (key.empty()) return {};
    return {{"Authorization", "Bearer " + key}};
  }
  [[nodiscard]] std::string body(const chat_request& request, bool stream) const override;
  [[nodiscard]] chat_answer read(std::string_view body, const chat_request&) const override {
    return openai_answer(parse_json(body, "the answer"));
  }
  [[nodiscard]] std::unique_ptr<stream_reader> reader(const chat_request&) const override {
    return openai_stream_reader();
  }

 private:
  [[nodiscard]] bool mistral() const { return options_.dialect == openai_dialect::mistral; }
  [[nodiscard]] json message_body(const message& said, std::size_t index) const;
  void add_tools(json& body, const chat_request& request) const;
  void add_output(json& body, const chat_request& request) const;
  void add_settings(json& body, const chat_request& request) const;

  openai_wire_options options_;
  std::string name_;
};

json openai::message_body(const message& said, std::size_t index) const {
  json body{{"role", said.role}, {"content", said.content}};
  if (said.role == "tool") {
    body["tool_call_id"] = said.tool_call_id;
    if (mistral() && !said.name.empty()) body["name"] = said.name;
  } else if (said.role == "assistant" || said.role == "user" || said.role == "system") {
    if (!said.name.empty() && !mistral()) body["name"] = speaker(said.name);
  } else {
    throw unknown_role(said, index);
  }
  if (said.role == "assistant" && !said.tool_calls.empty()) {
    if (said.content.empty()) body["content"] = nullptr;
    for (const auto& call : said.tool_calls) body["tool_calls"].push_back(call_body(call));
  }
  return body;
}

void openai::add_tools(json& body, const chat_request& request) const {
  for (const auto& tool : request.tools) {
    json function{{"name", tool.name}, {"parameters", schema_object(tool.parameters, tool.name)}};
    if (!tool.description.empty()) function["description"] = tool.description;
    body["tools"].push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  if (request.tools.empty()) return;
  switch (request.tool_choice) {
    case tool_choice::automatic:
      break;  // what the provider does anyway
    case tool_choice::none:
      body["tool_choice"] = "none";
      break;
    case tool_choice::required:
      body["tool_choice"] = mistral() ? "any" : "required";
      break;
    case tool_choice::named:
      body["tool_choice"] = {{"type", "function"}, {"function", {{"name", request.tool}}}};
      break;
  }
}

void openai::add_output(json& body, const chat_request& request) const {
  if (request.output_schema.empty()) return;
  json format{{"name", request.output_name.empty() ? "answer" : request.output_name},
              {"schema", schema_object(request.output_schema, "output_schema")}};
  if (options_.strict_output) format["strict"] = true;
  body["response_format"] = {{"type", "json_schema"}, {"json_schema", std::move(format)}};
}

void openai::add_settings(json& body, const chat_request& request) const {
  if (!request.stop.empty()) body["stop"] = request.stop;
  if (request.temperature) body["temperature"] = *request.temperature;
  if (request.seed) body[mistral() ? "random_seed" : "seed"] = *request.seed;
  if (request.max_tokens) {
    const bool own = options_.dialect == openai_dialect::openai;
    body[own ? "max_completion_tokens" : "max_tokens"] = *request.max_tokens;
  }
}

std::string openai::body(const chat_request& request, bool stream) const {
  check_request(request);
  json body{{"model", request.model.empty() ? options_.model : request.model},
            {"messages", json::array()}};
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    body["messages"].push_back(message_body(request.messages[i], i));
  }
  add_tools(body, request);
  add_output(body, request);
  add_settings(body, request);
  if (stream) {
    body["stream"] = true;
    // Mistral reports the usage unasked, and refuses fields that it does not know.
    if (!mistral()) body["stream_options"] = {{"include_usage", true}};
  }
  return to_text(body);
}

}  // namespace

std::unique_ptr<chat_wire> openai_wire(openai_wire_options options) {
  return std::make_unique<openai>(std::move(options));
}

}  // namespace mcp::providers
