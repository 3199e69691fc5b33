#include "mcp/agents/model_node.hpp"
#include "system/answering.hpp"
#include "system/node_factory.hpp"
#include "system/remembering.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

/// Stops the making of a prompt, whoever comes first: the call or the wish to stop it.
class prompt_stop {
 public:
  void holds(std::function<void()> how) {
    {
      const std::lock_guard lock{mutex_};
      if (!wanted_) return std::swap(how_, how);
    }
    how();
  }
  void stop() {
    std::function<void()> how;
    {
      const std::lock_guard lock{mutex_};
      wanted_ = true;
      how.swap(how_);
    }
    if (how) how();
  }

 private:
  std::mutex mutex_;
  bool wanted_ = false;
  std::function<void()> how_;
};

struct model_node {
  std::shared_ptr<chat_model> model;
  std::shared_ptr<const model_node_options> options;
  text_template system;
  text_template prompt;
  std::optional<server_prompt_description> prompt_from;
  tool_servers::client_source prompts;
  std::string messages;
  std::string output;
  window_limit window;
  known_description knows;
  bool output_is_json = false;
  node_surroundings around;

  void begin(const node_input& in, const std::shared_ptr<reply_port>& port) const {
    const auto& state = in.state.as<json_state>();
    std::vector<message> conversation;
    if (!messages.empty()) conversation = state.messages(messages);
    sandbox box{around.limits};
    box.set_state("state", state);
    const auto asked = asked_with(state, box);
    // After tools were run the question stands there already.
    const bool after_tools = !conversation.empty() && conversation.back().role == "tool";
    if (prompts && !after_tools) return fetch(asked, std::move(conversation), box, port);
    std::vector<message> added;
    if (!prompt.empty() && !after_tools) added.push_back(user_message(prompt.render(box)));
    ask(asked, std::move(conversation), std::move(added), port);
  }

  /// Has a server make the prompt, and asks with it.
  void fetch(std::shared_ptr<const model_node_options> asked, std::vector<message> conversation,
             sandbox& box, const std::shared_ptr<reply_port>& port) const {
    const auto server = prompts();
    if (!server) {
      throw error{errc::connection_failed,
                  "the server of the prompt \"" + prompt_from->name.name +
                      "\" does not run; offline, servers with a `url` are not asked"};
    }
    std::map<std::string, std::string> arguments;
    for (const auto& [name, script] : prompt_from->arguments) {
      arguments[name] = shown(box.call(script));
    }
    auto& ctx = port->context();
    const auto stopped = std::make_shared<prompt_stop>();
    ctx.on_cancel([stopped] { stopped->stop(); });
    stopped->holds(server->start_prompt(
        prompt_from->name.name, arguments,
        [self = *this, asked = std::move(asked), conversation = std::move(conversation),
         port](mcp_prompt_result made) mutable {
          if (made.error) return static_cast<void>(port->fail({.error = std::move(*made.error)}));
          self.ask(asked, std::move(conversation), std::move(made.messages), port);
        }));
  }

  void ask(const std::shared_ptr<const model_node_options>& asked,
           std::vector<message> conversation, std::vector<message> added,
           const std::shared_ptr<reply_port>& port) const {
    conversation.insert(conversation.end(), added.begin(), added.end());
    ask_model(model, asked, std::move(conversation), port->context(),
              [self = *this, port, added = std::move(added)](model_reply what) mutable {
                if (what.error) {
                  port->fail({.error = std::move(*what.error)});
                  return;
                }
                answer(*port, [&] { return self.take(std::move(*what.answer), std::move(added)); });
              });
  }

  /// The options of this question: its system prompt, what the model knows, the window.
  [[nodiscard]] std::shared_ptr<const model_node_options> asked_with(const json_state& state,
                                                                     sandbox& box) const {
    const bool limited = window.max_tokens > 0 || window.max_turns > 0;
    const bool told = knows.summary || knows.facts || knows.recalled;
    if (system.constant() && !limited && !told) return options;
    auto own = *options;
    if (!system.constant()) own.system = system.render(box);
    return std::make_shared<const model_node_options>(
        with_memory(std::move(own), known_of(knows, state), window));
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
                          tool_servers::client_source prompts, const node_surroundings& around) {
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
  const model_node node{.model = model.model,
                        .options = std::make_shared<const model_node_options>(std::move(options)),
                        .system = what.system,
                        .prompt = what.prompt,
                        .prompt_from = what.prompt_from,
                        .prompts = std::move(prompts),
                        .messages = messages,
                        .output = what.output ? what.output->name : std::string{},
                        .window = what.window.limit(),
                        .knows = what.knows,
                        .output_is_json = with_schema,
                        .around = around};
  node_spec spec;
  spec.kind = node_kind::async;
  spec.begin = [node](const node_input& in, std::shared_ptr<reply_port> port) {
    node.begin(in, port);
  };
  return spec;
}

}  // namespace mcp::cluster
