#include "cli/progress_model.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace mcp::cluster;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

const progress_model::instant start{};

mcp::run_event event(mcp::event_kind kind, std::string node, std::string what = {}) {
  mcp::run_event made;
  made.kind = kind;
  made.node = std::move(node);
  made.name = std::move(what);
  made.attempt = 1;
  return made;
}

mcp::run_event task(std::string node, std::string what, int attempt = 1) {
  auto made = event(mcp::event_kind::tasks, std::move(node), std::move(what));
  made.attempt = attempt;
  return made;
}

mcp::run_event piece(std::string node, std::string text, std::string id = "m") {
  auto made = event(mcp::event_kind::messages, std::move(node));
  made.json = nlohmann::json{{"id", id}, {"role", "assistant"}, {"content", text}}.dump();
  return made;
}

mcp::run_event call_piece(std::string node, std::string tool, std::string arguments) {
  auto made = event(mcp::event_kind::messages, std::move(node));
  made.json =
      nlohmann::json{{"id", "m"},
                     {"content", ""},
                     {"tool_calls", {{{"id", "c"}, {"name", tool}, {"arguments", arguments}}}}}
          .dump();
  return made;
}

mcp::run_event custom(std::string node, std::string what, std::string json) {
  auto made = event(mcp::event_kind::custom, std::move(node), std::move(what));
  made.json = std::move(json);
  return made;
}

}  // namespace

TEST_CASE("Plain progress says when nodes start and end", "[cli][progress]") {
  progress_model model{"team", start, false};
  model.apply(task("plan", "started"), start);
  model.apply(task("plan", "finished"), start + 1200ms);
  CHECK(model.take_lines() == lines{"plan         starts", "plan         done, 1.2 s"});
  CHECK(model.take_lines().empty());
}

TEST_CASE("Streamed text comes out line by line, however it is cut", "[cli][progress]") {
  progress_model model{"team", start, true};
  model.apply(task("think", "started"), start);
  for (const char c : std::string{"one\ntwo\n\nthree"}) {
    model.apply(piece("think", std::string(1, c)), start);
  }
  CHECK(model.take_lines() == lines{"think        | one", "think        | two", "think        | "});
  model.apply(task("think", "finished"), start + 2s);
  CHECK(model.take_lines() == lines{"think        | three", "think        done, 2.0 s, ~4 tokens"});
}

TEST_CASE("Two messages that are streamed at once do not mix", "[cli][progress]") {
  progress_model model{"team", start, true};
  model.apply(piece("a", "left ", "1"), start);
  model.apply(piece("b", "right ", "2"), start);
  model.apply(piece("a", "end\n", "1"), start);
  model.apply(piece("b", "end\n", "2"), start);
  CHECK(model.take_lines() == lines{"a            | left end", "b            | right end"});
}

TEST_CASE("A call of a tool is shown whole", "[cli][progress]") {
  progress_model model{"team", start, true};
  model.apply(task("think", "started"), start);
  model.apply(call_piece("think", "calculator", "{\"expression\":"), start);
  model.apply(call_piece("think", "calculator", "\"1+1\"}"), start);
  CHECK_THAT(model.rows(start, 80, 10).at(1), Catch::Matchers::Contains("calls calculator"));
  model.apply(task("think", "finished"), start);
  CHECK(model.take_lines().at(0) == "think        calls calculator {\"expression\":\"1+1\"}");
}

TEST_CASE("An answer that begins again voids what was streamed", "[cli][progress]") {
  progress_model model{"team", start, true};
  model.apply(piece("think", "half"), start);
  model.apply(custom("think", "message_restart", "\"m\""), start);
  model.apply(piece("think", "whole\n"), start);
  CHECK(model.take_lines() ==
        lines{"think        begins its answer again", "think        | whole"});
}

TEST_CASE("A row says what a node does, its try, tokens, cost and time", "[cli][progress]") {
  progress_model model{"team", start, true};
  model.apply(task("think", "started", 2), start + 1s);
  model.apply(piece("think", "A fork"), start + 2s);
  const auto rows = model.rows(start + 4s, 60, 10);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == "team: step 0, 1 at work, 4.0 s");
  CHECK(rows[1] == "  think        A fork                   try 2  ~2 tok  3.0 s");
  model.apply(custom("think", "usage", R"({"input": 1000, "output": 234, "cost_micros": 5600})"),
              start + 4s);
  CHECK(model.rows(start + 4s, 60, 10)[1] ==
        "  think        A fork         try 2  1.2k tok  0.0056  3.0 s");
  CHECK(model.rows(start + 4s, 60, 10)[0] ==
        "team: step 0, 1 at work, 4.0 s, 1.2k tokens, cost 0.0056");
}

TEST_CASE("Rows are never wider or more than the screen", "[cli][progress]") {
  progress_model model{"team", start, true};
  for (int i = 0; i < 1000; ++i) {
    const auto node = "node-with-a-long-name-" + std::to_string(i);
    model.apply(task(node, "started"), start);
    model.apply(piece(node, "漢字 and more text than there is room for", node), start);
  }
  for (const std::size_t columns : {1U, 5U, 20U, 79U, 200U}) {
    for (const std::size_t height : {1U, 2U, 3U, 10U}) {
      const auto rows = model.rows(start + 100h, columns, height);
      CHECK(rows.size() == height);
      for (const auto& row : rows) CHECK(columns_of(row) <= columns);
    }
  }
  CHECK(model.rows(start, 80, 0).empty());
  CHECK(model.rows(start, 80, 4).back() == "  and 254 more");
}

TEST_CASE("Tasks of one node share a row until the last has ended", "[cli][progress]") {
  progress_model model{"team", start, true};
  for (int i = 0; i < 3; ++i) model.apply(task("worker", "started"), start);
  CHECK_THAT(model.rows(start, 80, 9).at(1), Catch::Matchers::Contains("x3"));
  model.apply(task("worker", "finished"), start);
  model.apply(task("worker", "finished"), start);
  CHECK_FALSE(model.idle());
  model.apply(task("worker", "interrupted"), start);
  CHECK(model.idle());
  CHECK(model.rows(start, 80, 9).empty());
}

TEST_CASE("A failed try is said and takes the node off the screen", "[cli][progress]") {
  progress_model model{"team", start, true};
  model.apply(task("think", "started"), start);
  auto failed = event(mcp::event_kind::errors, "think");
  failed.error = mcp::error{mcp::errc::node_failed, "it broke\x1b[2J"};
  model.apply(failed, start);
  CHECK(model.take_lines() == lines{"think        try 1 failed: it broke [2J"});
  CHECK(model.idle());
  model.apply(task("think", "failed"), start);
  CHECK(model.take_lines().empty());
}

TEST_CASE("Nodes of subgraphs are named with their path", "[cli][progress]") {
  CHECK(node_path("", "plan") == "plan");
  CHECK(node_path("team:01ab|inner:02cd", "plan") == "team/inner/plan");
}

TEST_CASE("Events with content of any shape do no harm", "[cli][progress]") {
  progress_model model{"team", start, false};
  for (const auto* text : {"", "null", "1", "[]", "{", R"({"tool_calls": 1})",
                           R"({"id": 1, "content": [], "tool_calls": [1, {}]})"}) {
    auto broken = event(mcp::event_kind::messages, "n");
    broken.json = text;
    model.apply(broken, start);
    for (const auto* kind : {"usage", "message_restart", "note"}) {
      model.apply(custom("n", kind, text), start);
    }
  }
  model.settle();
  for (const auto& line : model.take_lines()) CHECK(line == printable(line));
}

TEST_CASE("A line that never ends is cut", "[cli][progress]") {
  progress_model model{"team", start, true};
  for (int i = 0; i < 1000; ++i) model.apply(piece("think", std::string(100, 'x')), start);
  model.settle();
  const auto shown = model.take_lines();
  CHECK(shown.size() > 10);
  for (const auto& line : shown) CHECK(line.size() < progress_model::max_line_bytes + 100);
}

TEST_CASE("Redrawing goes back over the old rows only", "[cli][terminal]") {
  CHECK(redraw(0, {"line"}, {"row"}) == "line\nrow\n");
  CHECK(redraw(2, {"line"}, {"row"}) == "\x1b[2A\r\x1b[Jline\nrow\n");
  CHECK(redraw(1, {}, {}) == "\x1b[1A\r\x1b[J");
}
