#include "mcp/graph.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

struct report {
  std::string text{};
  int round = 0;
};
MCP_STATE(report, (text, mcp::doc("what \"they\" wrote")), (round, mcp::internal))

struct job {
  int number = 0;
};
MCP_STRUCT(job, number)

void idle(const report&) {}
void later(const report&, mcp::reply<report> reply) {
  reply.done(mcp::update<report>{});
}
const char* decide(const report&) {
  return mcp::end;
}

mcp::graph<report> inner_graph() {
  return mcp::graph<report>("inner")
      .node("draft", idle)
      .node("polish", idle)
      .entry_point("draft")
      .edge("draft", "polish");
}

mcp::graph<report> rich_graph() {
  return mcp::graph<report>("newsroom")
      .node("plan", idle, {.retry = mcp::retry_policy{}, .breaker = mcp::breaker_policy{}})
      .node("fetch", idle, {.fallback = "archive", .blocking = true})
      .node("ask", later)
      .node("archive", idle)
      .node("write", inner_graph())
      .node("print", idle, {.defer = true})
      .entry_point("plan")
      .edge("plan", "fetch")
      .edge("plan", "ask")
      .join({"fetch", "ask"}, "write")
      .router("write", decide, {"plan", "print"})
      .edge("print", mcp::end)
      .interrupt_before({"print"});
}

TEST_CASE("A graph is drawn as a Mermaid flowchart") {
  CHECK(rich_graph().draw(mcp::drawing::mermaid) == R"(flowchart TD
  n0(["start"])
  n1["plan<br/><small>retry 3, breaker</small>"]
  n2[/"fetch"/]
  n3{{"ask"}}
  n4["archive"]
  n5[["write"]]
  n6["print<br/><small>deferred, interrupt before</small>"]
  n7(["end"])
  n0 --> n1
  n1 --> n2
  n1 --> n3
  n6 --> n7
  n2 -->|join| n5
  n3 -->|join| n5
  n5 -.-> n1
  n5 -.-> n6
  n2 -.->|fallback| n4
  classDef deferred stroke-dasharray: 4 3
  class n6 deferred
)");
}

TEST_CASE("A subgraph is drawn inside its node when the depth asks for it") {
  auto graph = mcp::graph<report>("outer")
                   .node("write", inner_graph())
                   .node("print", idle)
                   .entry_point("write")
                   .edge("write", "print");
  CHECK(graph.draw(mcp::drawing::mermaid, 1) == R"(flowchart TD
  n0(["start"])
  n1["print"]
  n2(["end"])
  subgraph n3["write"]
    n4(["start"])
    n5["draft"]
    n6["polish"]
    n7(["end"])
  end
  n4 --> n5
  n5 --> n6
  n6 --> n7
  n0 --> n4
  n7 --> n1
  n1 --> n2
)");
  CHECK(graph.draw(mcp::drawing::dot, 1) == R"(digraph "outer" {
  node [shape=box];
  "__start__" [label="start", shape=oval];
  "print" [label="print"];
  "__end__" [label="end", shape=oval];
  subgraph "cluster_write" {
    label="write";
    "write:__start__" [label="start", shape=oval];
    "write:draft" [label="draft"];
    "write:polish" [label="polish"];
    "write:__end__" [label="end", shape=oval];
  }
  "write:__start__" -> "write:draft";
  "write:draft" -> "write:polish";
  "write:polish" -> "write:__end__";
  "__start__" -> "write:__start__";
  "write:__end__" -> "print";
  "print" -> "__end__";
}
)");
}

TEST_CASE("A graph is drawn for Graphviz") {
  CHECK(rich_graph().draw(mcp::drawing::dot) == R"dot(digraph "newsroom" {
  node [shape=box];
  "__start__" [label="start", shape=oval];
  "plan" [label="plan\n(retry 3, breaker)"];
  "fetch" [label="fetch", shape=parallelogram];
  "ask" [label="ask", shape=hexagon];
  "archive" [label="archive"];
  "write" [label="write", shape=box3d];
  "print" [label="print\n(deferred, interrupt before)", style=dashed];
  "__end__" [label="end", shape=oval];
  "__start__" -> "plan";
  "plan" -> "fetch";
  "plan" -> "ask";
  "print" -> "__end__";
  "fetch" -> "write" [label="join"];
  "ask" -> "write" [label="join"];
  "write" -> "plan" [style=dashed];
  "write" -> "print" [style=dashed];
  "fetch" -> "archive" [style=dashed, label="fallback"];
}
)dot");
}

TEST_CASE("A graph is drawn as JSON") {
  auto graph = mcp::graph<report>("outer")
                   .node("write", inner_graph())
                   .node("print", idle, {.defer = true})
                   .entry_point("write")
                   .router("write", decide, {"print", mcp::end});
  CHECK(graph.draw(mcp::drawing::json) ==
        R"({"name":"outer","nodes":[{"id":"__start__","type":"start","metadata":{}},)"
        R"({"id":"write","type":"subgraph","metadata":{}},)"
        R"({"id":"print","type":"plain","metadata":{"deferred":true}},)"
        R"({"id":"__end__","type":"end","metadata":{}}],)"
        R"("edges":[{"source":"__start__","target":"write","conditional":false},)"
        R"({"source":"write","target":"print","conditional":true},)"
        R"({"source":"write","target":"__end__","conditional":true},)"
        R"({"source":"print","target":"__end__","conditional":false}]})");
  const auto open = nlohmann::json::parse(graph.draw(mcp::drawing::json, 1));
  CHECK(open["nodes"].size() == 7);
  CHECK(open["nodes"][4]["id"] == "write:draft");
  CHECK(open["edges"][3]["target"] == "write:__start__");
}

TEST_CASE("Where nobody knows what follows, one note says so") {
  const auto work = [](const job&) { return mcp::update<report>{}; };
  auto graph = mcp::graph<report>("open")
                   .node("a", idle)
                   .node("b", idle)
                   .node("c", work)
                   .entry_point("a")
                   .router("a", decide)
                   .router("b", decide);
  CHECK(graph.draw(mcp::drawing::mermaid) == R"(flowchart TD
  n0(["start"])
  n1["a"]
  n2["b"]
  n3["c"]
  n4>"anywhere"]
  n5(["end"])
  n0 --> n1
  n1 -.-> n4
  n2 -.-> n4
  n3 --> n5
)");
}

TEST_CASE("An edge map leads on from the nodes without edges of their own") {
  auto graph = mcp::graph<report>("mapped").node("a", idle).node("b", idle).entry_point("a").edges(
      decide, {"b", mcp::end});
  const std::string expected = R"(digraph "mapped" {
  node [shape=box];
  "__start__" [label="start", shape=oval];
  "a" [label="a"];
  "b" [label="b"];
  "__end__" [label="end", shape=oval];
  "__start__" -> "a";
  "a" -> "b" [style=dashed];
  "a" -> "__end__" [style=dashed];
  "b" -> "b" [style=dashed];
  "b" -> "__end__" [style=dashed];
}
)";
  CHECK(graph.draw(mcp::drawing::dot) == expected);
  CHECK(graph.compile().draw(mcp::drawing::dot) == expected);
  CHECK_THAT(graph.edges(decide).draw(mcp::drawing::dot),
             Catch::Matchers::Contains("\"b\" -> \"__anywhere__\" [style=dashed]"));
}

TEST_CASE("A compiled graph and its builder show the same edges") {
  const auto edges = [](const std::string& json) {
    auto list = nlohmann::json::parse(json)["edges"];
    std::sort(list.begin(), list.end());
    return list;
  };
  for (const int depth : {0, 1, 5, -1}) {
    CHECK(edges(rich_graph().draw(mcp::drawing::json, depth)) ==
          edges(rich_graph().compile().draw(mcp::drawing::json, depth)));
  }
}

TEST_CASE("Names are escaped in every format") {
  const std::string odd = "say \"hi\" <b>\\#1\nend";
  auto graph = mcp::graph<report>(odd).node(odd, idle).entry_point(odd);
  CHECK_THAT(graph.draw(mcp::drawing::mermaid),
             Catch::Matchers::Contains(R"(n1["say #34;hi#34; #60;b#62;#92;#35;1 end"])"));
  CHECK_THAT(graph.draw(mcp::drawing::dot),
             Catch::Matchers::Contains(R"("say \"hi\" <b>\\#1 end" [label=)"));
  CHECK(nlohmann::json::parse(graph.draw(mcp::drawing::json))["nodes"][1]["id"] == odd);
}

TEST_CASE("A graph with errors can be drawn too") {
  auto graph = mcp::graph<report>("broken").node("a", idle).edge("a", "missing");
  CHECK_THAT(graph.draw(mcp::drawing::dot), Catch::Matchers::Contains("\"a\" -> \"missing\""));
}

struct traveller {
  std::string question{"where?"};
  std::vector<job> jobs{};
  double cost = 0.5;
  int secret = 0;
  std::vector<std::string> notes{};
};
MCP_STATE(traveller, (question, mcp::input_only, mcp::doc("what they ask")), jobs,
          (cost, mcp::output_only), (secret, mcp::internal), (notes, mcp::append))

TEST_CASE("The input schema shows the input's fields with defaults and descriptions") {
  const auto schema =
      nlohmann::json::parse(mcp::input_schema(mcp::state_type_of<traveller>::get()));
  CHECK(schema["type"] == "object");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"].size() == 3);
  CHECK(schema["properties"]["question"] ==
        nlohmann::json::parse(
            R"({"type":"string","description":"what they ask","default":"where?"})"));
  CHECK(schema["properties"]["jobs"]["items"]["$ref"] == "#/$defs/job");
  CHECK(schema["$defs"]["job"]["properties"]["number"]["default"] == 0);
  CHECK(schema["properties"]["notes"]["default"] == nlohmann::json::array());
}

TEST_CASE("The output schema shows the output's fields") {
  const auto schema =
      nlohmann::json::parse(mcp::output_schema(mcp::state_type_of<traveller>::get()));
  CHECK(schema["properties"].size() == 3);
  CHECK(schema["properties"].contains("cost"));
  CHECK_FALSE(schema["properties"].contains("question"));
  CHECK_FALSE(schema["properties"].contains("secret"));
}

}  // namespace
