#include "mcp/agents/model_node.hpp"
#include "system/answering.hpp"
#include "system/node_factory.hpp"

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

struct model_node {
  std::shared_ptr<chat_model> model;
  std::shared_ptr<const model_node_options> options;
  text_template system;
  text_template prompt;
  std::string messages;
  std::string output;
  bool output_is_json = false;
  node_surroundings around;

  void begin(const node_input& in, const std::shared_ptr<reply_port>& port) const {
    const auto& state = in.state.as<json_state>();
    std::vector<message> conversation;
    if (!messages.empty()) conversation = state.messages(messages);
    sandbox box{around.limits};
    box.set_state("state", state);
    auto asked = options;
    if (!system.constant()) {
      auto own = std::make_shared<model_node_options>(*options);
      own->system = system.render(box);
      asked = std::move(own);
    }
    std::vector<message> added;
    // After tools were run the question stands there already.
    const bool after_tools = !conversation.empty() && conversation.back().role == "tool";
    if (!prompt.empty() && !after_tools) {
      added.push_back(user_message(prompt.render(box)));
      conversation.push_back(added.back());
    }
    ask_model(model, asked, std::move(conversation), port->context(),
              [self = *this, port, added = std::move(added)](model_reply what) mutable {
                if (what.error) {
                  port->fail({.error = std::move(*what.error)});
                  return;
                }
                answer(*port, [&] { return self.take(std::move(*what.answer), std::move(added)); });
              });
  }

  [[nodiscard]] node_result take(chat_answer got, std::vector<message> added) const {
    update<json_state> change{around.type};
    if (!output.empty() && got.reply.tool_calls.empty()) {
      change.set(output, output_is_json ? json::parse(got.reply.content) : json(got.reply.content));
    }
    node_result result{.writes = std::move(change).take()};
    if (!messages.empty()) {
      added.push_back(std::move(got.reply));
      result.writes.push_back(
          {field_index(*around.type, messages), write_mode::reduce, value{std::move(added)}});
    }
    return result;
  }
};

}  // namespace

node_spec make_model_node(const model_node_description& what, const ready_model& model,
                          const std::string& messages, const tool_set& tools,
                          const node_surroundings& around) {
  model_node_options options;
  if (what.system.constant()) options.system = what.system.text();
  if (!what.tools.empty()) options.tools_now = [tools] { return tools.descriptions(); };
  options.request = model.request;
  options.request.tool_choice = what.tool_choice;
  if (what.max_tokens) options.request.max_tokens = what.max_tokens;
  if (what.temperature) options.request.temperature = what.temperature;
  const bool with_schema = !what.output_schema.is_null();
  if (with_schema) {
    options.request.output_schema = what.output_schema.dump();
    options.request.output_name = what.output ? what.output->name : "answer";
  }
  options.stream = what.stream;
  const model_node node{model.model, std::make_shared<const model_node_options>(std::move(options)),
                        what.system, what.prompt,
                        messages,    what.output ? what.output->name : std::string{},
                        with_schema, around};
  node_spec spec;
  spec.kind = node_kind::async;
  spec.begin = [node](const node_input& in, std::shared_ptr<reply_port> port) {
    node.begin(in, port);
  };
  return spec;
}

}  // namespace mcp::cluster
