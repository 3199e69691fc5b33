// Agent types that are not written in C++: state and messages are JSON.

#include "actors/scenario.hpp"
#include "mcp/agent.hpp"
#include "mcp/json.hpp"

#include <future>

namespace mcp::test {
namespace {

using nlohmann::json;

constexpr milliseconds patience{60'000};

agent_spec dynamic_type() {
  agent_spec spec;
  spec.type = "dynamic";
  spec.state = &value_type_of<json>;
  spec.initial = [](std::string_view key) {
    return value{json{{"owner", std::string{key}}, {"n", 0}}};
  };
  spec.handlers.push_back({.name = "add",
                           .message = &value_type_of<json>,
                           .run = [](void* object, const void* message, agent_context&) {
                             auto& state = *static_cast<json*>(object);
                             const auto by = static_cast<const json*>(message)->at("by");
                             state["n"] = state["n"].get<int>() + by.get<int>();
                             return value{state};
                           }});
  // What typed agents publish or send is JSON here, whatever its type.
  spec.handlers.push_back({.name = "note",
                           .message = &value_type_of<json>,
                           .run = [](void* object, const void* message, agent_context&) -> value {
                             (*static_cast<json*>(object))["note"] =
                                 *static_cast<const json*>(message);
                             return {};
                           }});
  return spec;
}

struct note {
  std::string text{};
  int pages = 0;
};
MCP_STRUCT(note, text, pages)

}  // namespace

TEST_CASE("An agent whose state and messages are JSON is one like others", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  {
    agent_system agents{{.store = store}, {dynamic_type()}};
    CHECK(json::parse(agents.ask_json("dynamic/ann", "add", R"({"by":2})", patience)) ==
          json{{"owner", "ann"}, {"n", 2}});
    CHECK(code_of([&] {
            return agents.ask_json("dynamic/ann", "add", R"({"bye":2})", patience);
          }) == errc::agent_failed);
    agents.tell("dynamic/ann", note{"typed", 3});
  }
  agent_system agents{{.store = store}, {dynamic_type()}};
  const auto state = json::parse(agents.ask_json("dynamic/ann", "add", R"({"by":1})", patience));
  CHECK(state["n"] == 3);
}

TEST_CASE("A typed message reaches a handler that takes JSON, and JSON a typed one", "[agent]") {
  agent_system agents{{}, {dynamic_type(), agent<note>("typed").on([](note& s, const note& m) {
                             s = m;
                             return s;
                           })}};
  agents.tell("dynamic/bob", note{"typed", 3});
  const auto state = json::parse(agents.ask_json("dynamic/bob", "add", R"({"by":1})", patience));
  CHECK(state["note"] == json{{"text", "typed"}, {"pages", 3}});
  CHECK(agents.ask_json("typed/x", "note", R"({"text":"x"})", patience) ==
        R"({"pages":0,"text":"x"})");
  const auto found = agents.ask<note>("typed/x", note{"y", 1}, patience);
  CHECK(found.text == "y");
}

TEST_CASE("A handler without a name takes the messages that no other one does", "[agent]") {
  auto spec = dynamic_type();
  spec.handlers.push_back({.name = "",
                           .message = &value_type_of<json>,
                           .run = [](void*, const void* message, agent_context& ctx) {
                             return value{json{{"message", ctx.info().message},
                                               {"durable", ctx.info().durable},
                                               {"content", *static_cast<const json*>(message)}}};
                           }});
  const auto store = in_memory_checkpoint_store();
  {
    agent_system agents{{.store = store}, {spec}};
    CHECK(json::parse(agents.ask_json("dynamic/a", "dance", R"({"n":1})", patience)) ==
          json{{"message", "dance"}, {"durable", false}, {"content", {{"n", 1}}}});
    CHECK(json::parse(agents.ask_json("dynamic/a", "add", R"({"by":1})", patience))["n"] == 1);
    agents.stop("dynamic/a", "so that a message waits in the store");
  }
  // What is stored has the message's name.
  spec.options.intensity = 0;
  std::promise<std::string> heard;
  auto listening = spec;
  listening.handlers.back().run = [&](void*, const void*, agent_context& ctx) -> value {
    heard.set_value(std::string{ctx.info().message} + (ctx.info().durable ? " durable" : ""));
    return {};
  };
  agent_system agents{{.store = store}, {listening}};
  agents.send_durable("dynamic/a", {.name = "sing", .cbor = json_to_cbor("{}")}, {});
  CHECK(heard.get_future().get() == "sing durable");
}

}  // namespace mcp::test
