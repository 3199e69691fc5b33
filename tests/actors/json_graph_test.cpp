#include "actors/scenario.hpp"
#include "mcp/json.hpp"

using namespace mcp;
using namespace mcp::test;
using nlohmann::json;

namespace {

struct talk {
  std::vector<message> messages{};
};
MCP_STATE(talk, (messages, mcp::add_messages))

std::shared_ptr<const state_type> team_type() {
  return make_json_state_type("team", json::parse(R"({"properties": {
    "topic": {"type": "string"},
    "answer": {"type": "string"},
    "log": {"type": "array", "items": {"type": "string"}, "x-reducer": "append"},
    "messages": {"x-reducer": "add_messages"}
  }})"));
}

using change = update<json_state>;

auto writes_line(std::string line) {
  return [line = std::move(line)](const json_state& s) { return change{s}.append("log", line); };
}

}  // namespace

TEST_CASE("A graph over a dynamic state runs, is stored, and goes on from its history") {
  const scenario_store store{real_store()};
  const auto type = team_type();
  auto graph = mcp::graph<json_state>("team", type)
                   .node("plan", writes_line("planned"))
                   .node("fan",
                         [](const json& part, context&) {
                           static_cast<void>(part);
                           return command<json_state>{};
                         })
                   .node("write",
                         [](json_state s) {
                           s.set("answer", s.at("topic").get<std::string>() + "!");
                           return s;
                         })
                   .sequence({mcp::start, "plan", "write", mcp::end})
                   .router("plan",
                           [](const json_state&) {
                             return routes{send("fan", json{{"n", 1}}), send("fan", json(2))};
                           },
                           {"fan"})
                   .edge("fan", mcp::end);
  executor<json_state> executor{graph, store.options()};
  const auto first = executor.run(json_state{type, {{"topic", "towers"}}}, {.thread_id = "t"});
  CHECK(first.at("answer") == "towers!");
  CHECK(first.at("log") == json{"planned"});

  const auto second = executor.run(json_state{type, {{"topic", "planes"}}}, {.thread_id = "t"});
  CHECK(second.at("log") == json{"planned", "planned"});
  const auto history = executor.history("t");
  REQUIRE(history.size() > 3);
  CHECK(executor.state("t").values.at("answer") == "planes!");
  executor.update_state("t", change{type}.set("answer", "corrected"), "write");
  CHECK(executor.state("t").values.at("answer") == "corrected");
}

TEST_CASE("A dynamic state outlives its graph and its executor") {
  std::optional<json_state> kept;
  run_result<json_state> result;
  {
    executor<json_state> executor{mcp::graph<json_state>("short", team_type())
                                      .node("only", writes_line("line"))
                                      .entry_point("only")
                                      .finish_point("only")};
    result = executor.run_to_result(json_state{team_type()});
    kept = result.state();
  }
  CHECK(kept->at("log") == json{"line"});
  CHECK(result.state().at("log") == json{"line"});
}

TEST_CASE("A dynamic node asks, waits in the store, and answers after a restart") {
  const scenario_store store{real_store()};
  const auto type = team_type();
  auto graph =
      mcp::graph<json_state>("asking", type)
          .node("ask", [](const json_state& s,
                          context& ctx) { return change{s}.set("answer", ctx.ask("which one?")); })
          .entry_point("ask")
          .finish_point("ask");
  {
    executor<json_state> executor{graph, store.options()};
    CHECK(executor.run_to_result(json_state{type}, {.thread_id = "t"}).status() ==
          run_status::interrupted);
  }
  executor<json_state> executor{graph, store.options()};
  const auto ended = executor.resume("t", answers::only("the second")).join();
  ended.check();
  CHECK(ended.state().at("answer") == "the second");
}

TEST_CASE("A typed subgraph shares a conversation with the dynamic state around it") {
  const auto answerer =
      mcp::graph<talk>("answerer")
          .node("say",
                [](const talk& t) {
                  return update<talk>{}.append(
                      &talk::messages, assistant_message("re: " + t.messages.back().content));
                })
          .entry_point("say")
          .finish_point("say");
  const auto type = team_type();
  executor<json_state> executor{mcp::graph<json_state>("outer", type)
                                    .node("talk", answerer)
                                    .entry_point("talk")
                                    .finish_point("talk")};
  const auto ended =
      executor.run(json_state{type, {{"messages", {{{"role", "user"}, {"content", "hello"}}}}}});
  const auto& messages = ended.messages("messages");
  REQUIRE(messages.size() == 2);
  CHECK(messages.back().content == "re: hello");
}

TEST_CASE("A dynamic subgraph takes the object that a send brings") {
  const auto type = team_type();
  const auto child = mcp::graph<json_state>("child", type)
                         .node("write",
                               [](const json_state& s) {
                                 return change{s}.append("log", s.at("topic").get<std::string>());
                               })
                         .entry_point("write")
                         .finish_point("write");
  executor<json_state> executor{mcp::graph<json_state>("outer", type)
                                    .node("plan", [](const json_state&) {})
                                    .node("child", child)
                                    .entry_point("plan")
                                    .router("plan",
                                            [](const json_state&) {
                                              return routes{send("child", json{{"topic", "a"}}),
                                                            send("child", json{{"topic", "b"}})};
                                            },
                                            {"child"})
                                    .finish_point("child")};
  CHECK(executor.run(json_state{type}).at("log") == json{"a", "b"});
}

TEST_CASE("A write that does not fit fails the node that made it") {
  const auto type = team_type();
  executor<json_state> executor{
      mcp::graph<json_state>("outer", type)
          .node("bad", [](const json_state& s) { return change{s}.set("log", "no list"); })
          .entry_point("bad")
          .finish_point("bad")};
  const auto ended = executor.run_to_result(json_state{type});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::invalid_state);
  CHECK(ended.info.error->place().node == "bad");
}

namespace {

std::shared_ptr<const state_type> with_fields(std::string_view name, const char* properties) {
  return make_json_state_type(name, json{{"properties", json::parse(properties)}});
}

/// `odd` beside another task, with a router that looks at what it wrote.
template <class Odd>
mcp::graph<json_state> beside(const std::shared_ptr<const state_type>& type, Odd odd) {
  return mcp::graph<json_state>("beside", type)
      .node("odd", odd)
      .node("fair", [](const json_state& s) { return change{s}.set("x", 1); })
      .entry_point("odd")
      .entry_point("fair")
      .router("odd", [](const json_state&) { return std::string{mcp::end}; });
}

}  // namespace

TEST_CASE("An update of another dynamic state is refused before anybody looks at it") {
  const auto type = with_fields("A", R"({"x": {"type": "integer"}, "y": {"type": "string"}})");
  // A field too many, and one that has the place of another one of the same type.
  const bool wider = GENERATE(true, false);
  const auto foreign =
      with_fields("B", wider ? R"({"x": {"type": "integer"}, "y": {"type": "string"}, "z": {}})"
                             : R"({"e": {"type": "integer"}, "y": {"type": "string"}})");
  const std::string field = wider ? "z" : "e";
  const auto form = GENERATE(0, 1, 2, 3);
  const auto made = [&] {
    if (form == 0) {
      return beside(type,
                    [foreign, field](const json_state&) { return change{foreign}.set(field, 7); });
    }
    if (form == 1) {
      return beside(type, [foreign, field](const json_state&) {
        return command<json_state>{change{foreign}.set(field, 7)};
      });
    }
    if (form == 2) {
      return beside(type, [foreign, field](const json_state&, reply<json_state> out) {
        out.done(change{foreign}.set(field, 7));
      });
    }
    return beside(type, [foreign](const json_state&) { return json_state{foreign}; });
  }();
  executor<json_state> runs{made};
  const auto ended = runs.run_to_result(json_state{type});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::invalid_update);
  CHECK(mentions(ended.info.error->what(), "odd"));
}

TEST_CASE("An input of another dynamic state is refused") {
  const auto type = with_fields("A", R"({"x": {"type": "integer"}, "y": {"type": "string"}})");
  executor<json_state> runs{
      mcp::graph<json_state>("one", type).node("a", writes_line("a")).entry_point("a"),
      {.store = in_memory_checkpoint_store()}};
  const json_state input{with_fields("B", R"({"y": {"type": "string"}})")};
  CHECK(code_of([&] { return runs.run(input); }) == errc::invalid_state);
  const auto other = with_fields("B", R"({"a": {}, "b": {}, "e": {"type": "string"}})");
  for (const std::string field : {"a", "e"}) {
    const auto writes = change{other}.set(field, "boo");
    CHECK(code_of([&] { return runs.start_with(writes); }) == errc::invalid_update);
    CHECK(code_of([&] { return runs.update_state("t", writes, mcp::start); }) ==
          errc::invalid_update);
  }
}
