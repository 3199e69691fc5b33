#include "cli/commands.hpp"
#include "cli/errors.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "support/catch.hpp"

using namespace mcp::cluster;

TEST_CASE("An error is reported with its code, place and advice", "[cli][report]") {
  const auto made = to_report(mcp::error{mcp::errc::node_failed, "it broke"}.at(
      {.graph = "team", .node = "think", .task = "t", .attempt = 2}));
  CHECK(made["code"] == "node_failed");
  CHECK(made["message"] == "it broke");
  CHECK(made["node"] == "think");
  CHECK(made["attempt"] == 2);
  CHECK_FALSE(made["advice"].get<std::string>().empty());
}

TEST_CASE("Only output fields of a state are printed", "[cli][report]") {
  const auto type = mcp::make_json_state_type("state", nlohmann::json::parse(R"({"properties": {
        "question": {"type": "string", "x-visibility": "input"},
        "notes": {"type": "array", "x-visibility": "internal"},
        "talk": {"x-reducer": "add_messages"},
        "answer": {"type": "string", "x-visibility": "output"}}})"));
  const auto made = output_of(mcp::json_state{type}.set("answer", "x"));
  CHECK(made.size() == 2);
  CHECK(made["answer"] == "x");
  CHECK(made["talk"] == nlohmann::ordered_json::array());
}

TEST_CASE("An event is one line of JSON even with damaged text", "[cli][report]") {
  mcp::run_event event;
  event.number = 7;
  event.kind = mcp::event_kind::custom;
  event.node = "n";
  event.name = "bad\xff";
  event.json = "{not json";
  const auto line = to_line(to_report(event));
  CHECK(line.find('\n') == std::string::npos);
  const auto back = nlohmann::json::parse(line);
  CHECK(back["event"] == "custom");
  CHECK(back["number"] == 7);
  CHECK(back["data"] == "{not json");
}

TEST_CASE("A question without an id is a stop", "[cli][report]") {
  mcp::pending_interrupt stop;
  stop.node = "think";
  CHECK(to_report(stop)["id"].is_null());
  CHECK(to_report(stop)["question"].is_null());
}

TEST_CASE("Errors of a command become the documented exit codes", "[cli][report]") {
  CHECK(exit_code_of(mcp::errc::invalid_cluster_file) == 3);
  CHECK(exit_code_of(mcp::errc::store_failed) == 5);
  CHECK(exit_code_of(mcp::errc::no_store) == 5);
  CHECK(exit_code_of(mcp::errc::unknown_thread) == 2);
  CHECK(exit_code_of(mcp::errc::thread_busy) == 1);
}

TEST_CASE("A hint how to resume can be pasted into a shell", "[cli][report]") {
  command_options options;
  options.file = "my team.yaml";
  options.store = "it's.db";
  CHECK(resume_hint(options, "t1", 1) ==
        "mcp-cluster resume t1 'my team.yaml' --store 'it'\\''s.db' --answer JSON");
  options.store = "postgresql://me:hunter2@db/x";
  CHECK(resume_hint(options, "t1", 0) ==
        "mcp-cluster resume t1 'my team.yaml' --store 'postgresql://me:***@db/x'");
}

TEST_CASE("A store that ends with the process is refused where it must last", "[cli][report]") {
  command_options options;
  options.store = "memory";
  CHECK_THROWS_AS(durable_store_of(options), mcp::error);
  options.store = "x.db";
  CHECK(durable_store_of(options) == "x.db");
}

TEST_CASE("Checkpoints are read as history prints them", "[cli][report]") {
  CHECK_FALSE(checkpoint_of("").has_value());
  CHECK(checkpoint_of("00000000000000ff")->value == 255);
  CHECK_THROWS_AS(checkpoint_of("ff"), mcp::error);
}

TEST_CASE("Replacements of models are split at the first equals sign", "[cli][report]") {
  command_options options;
  options.models = {"main=openai:m@http://h/v1?a=b", "main=scripted", "b=replay:x"};
  const auto made = load_options_of(options);
  CHECK(made.models.at("main") == "scripted");
  CHECK(made.models.at("b") == "replay:x");
}

TEST_CASE("Completion scripts name every command", "[cli][completion]") {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell, known_commands());
    for (const auto& one : known_commands()) {
      INFO(shell << " " << one.name);
      CHECK(script.find(one.name) != std::string::npos);
    }
    CHECK(script.find("mermaid dot json svg") != std::string::npos);
  }
}
