#include "mcp/agents/tool_node.hpp"
#include "system/answering.hpp"
#include "system/configured_tool.hpp"
#include "system/node_factory.hpp"

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

/// A result without the word that tells a model that it is none.
std::string without_prefix(const std::string& text) {
  constexpr std::string_view prefix = "Error: ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

struct call_node {
  tool_set tools;
  std::string tool;
  std::vector<std::pair<std::string, compiled_script>> arguments;
  std::string into;
  bool text = true;
  node_surroundings around;

  void begin(const node_input& in, const std::shared_ptr<reply_port>& port) const {
    const auto& state = in.state.as<json_state>();
    auto given = json::object();
    {
      sandbox box{around.limits};
      box.set_state("state", state);
      for (const auto& [name, script] : arguments) given[name] = box.call(script);
    }
    tool_call call{.id = "call", .name = tool, .arguments = given.dump()};
    detail::run_tool_call(tools, filled_call(tools, std::move(call), state, around.limits),
                          port->context(), [self = *this, port](detail::tool_call_end ended) {
                            if (ended.failure) {
                              port->fail({.error = std::move(*ended.failure)});
                              return;
                            }
                            answer(*port, [&] { return self.take(ended); });
                          });
  }

  [[nodiscard]] node_result take(const detail::tool_call_end& ended) const {
    const auto& content = ended.answer->content;
    if (ended.failed) {
      throw error{errc::tool_failed, "the tool \"" + tool + "\": " + without_prefix(content)};
    }
    update<json_state> change{around.type};
    if (!into.empty()) change.set(into, text ? json(content) : parsed(content));
    return {.writes = std::move(change).take()};
  }

  [[nodiscard]] json parsed(const std::string& content) const {
    try {
      static_cast<void>(json_to_cbor(content));  // bounds its depth
      return json::parse(content);
    } catch (const std::exception& wrong) {
      throw error{errc::tool_failed, "the result of the tool \"" + tool +
                                         "\" is no JSON for the field \"" + into +
                                         "\": " + wrong.what()};
    }
  }
};

}  // namespace

node_spec make_call_node(const call_node_description& what, const tool_set& tools, bool text,
                         const node_surroundings& around) {
  node_spec spec;
  spec.kind = node_kind::async;
  spec.begin = [node = call_node{tools, what.tool.name, what.arguments,
                                 what.into ? what.into->name : std::string{}, text, around}](
                   const node_input& in, std::shared_ptr<reply_port> port) {
    node.begin(in, port);
  };
  return spec;
}

node_spec make_tools_node(const tool_set& tools, const std::string& messages,
                          const node_surroundings& around) {
  node_spec spec;
  spec.kind = node_kind::async;
  spec.input = &value_type_of<tool_call>;
  const auto index = field_index(*around.type, messages);
  spec.begin = [tools, index, limits = around.limits](const node_input& in,
                                                      std::shared_ptr<reply_port> port) {
    auto& ctx = port->context();
    detail::run_tool_call(
        tools, filled_call(tools, in.input.as<tool_call>(), in.state.as<json_state>(), limits), ctx,
        [port, index](detail::tool_call_end ended) {
          if (ended.failure) {
            port->fail({.error = std::move(*ended.failure)});
            return;
          }
          answer(*port, [&] {
            std::vector<message> added{std::move(*ended.answer)};
            node_result result;
            result.writes.push_back({index, write_mode::reduce, value{std::move(added)}});
            return result;
          });
        });
  };
  return spec;
}

}  // namespace mcp::cluster
