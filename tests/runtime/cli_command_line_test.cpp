#include "cli/command_line.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace mcp::cluster;

namespace {

std::variant<command_options, command_end> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "mcp-cluster");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

command_options options_of(std::vector<const char*> words) {
  auto made = parse(std::move(words));
  if (const auto* end = std::get_if<command_end>(&made)) {
    FAIL("refused: " << end->text);
  }
  return std::get<command_options>(made);
}

command_end end_of(std::vector<const char*> words) {
  auto made = parse(std::move(words));
  REQUIRE(std::holds_alternative<command_end>(made));
  return std::get<command_end>(made);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("The options of run are read", "[cli][command_line]") {
  const auto o =
      options_of({"run", "team.yaml", "--input", R"({"a": 1})", "--thread", "t", "--store", "x.db",
                  "--model", "main=scripted", "--model", "b=openai:m@http://h/v1", "--answer",
                  R"(["a", "b"])", "--answer", "n=-1", "--json", "-q"});
  CHECK(o.what == command::run);
  CHECK(o.file == "team.yaml");
  CHECK(o.input == R"({"a": 1})");
  CHECK(o.thread == "t");
  CHECK(o.store == "x.db");
  CHECK(o.models == std::vector<std::string>{"main=scripted", "b=openai:m@http://h/v1"});
  CHECK(o.answers == std::vector<std::string>{R"(["a", "b"])", "n=-1"});
  CHECK(o.json);
  CHECK(o.quiet);
  CHECK_FALSE(o.events);
}

TEST_CASE("Values may begin with a dash", "[cli][command_line]") {
  const auto o = options_of({"run", "team.yaml", "--input", "-", "--answer", "-1"});
  CHECK(o.input == "-");
  CHECK(o.answers == std::vector<std::string>{"-1"});
}

TEST_CASE("The file stands at its place or after --file", "[cli][command_line]") {
  CHECK(options_of({"state", "t1", "team.yaml"}).file == "team.yaml");
  const auto o = options_of({"fork", "t1", "0000000000000001", "--file", "team.yaml"});
  CHECK(o.file == "team.yaml");
  CHECK(o.thread == "t1");
  CHECK(o.checkpoint == "0000000000000001");
}

TEST_CASE("Commands that need only a store take it in place of the file", "[cli][command_line]") {
  CHECK(options_of({"threads", "--store", "x.db"}).what == command::threads);
  CHECK(options_of({"tail", "t1", "--store", "x.db"}).thread == "t1");
  const auto end = end_of({"cancel", "t1"});
  CHECK(end.code == 2);
  CHECK(has(end.text, "--store FILE"));
}

TEST_CASE("Commands of upkeep say what they are about", "[cli][command_line]") {
  const auto pruned = options_of({"prune", "team.yaml", "--older-than", "7d", "--keep", "3"});
  CHECK(pruned.what == command::prune);
  CHECK(pruned.older_than == std::chrono::hours{7 * 24});
  CHECK(pruned.keep == 3);
  const auto copied = options_of({"copy", "t1", "t2", "--store", "x.db"});
  CHECK(copied.what == command::copy);
  CHECK(copied.thread == "t1");
  CHECK(copied.target == "t2");
  const auto expired = options_of({"expire", "t1", "team.yaml", "--after", "90m"});
  CHECK(expired.after == std::chrono::minutes{90});
  CHECK(options_of({"backup", "b.db", "--store", "x.db"}).target == "b.db");
  CHECK(options_of({"delete", "t1", "team.yaml"}).what == command::delete_thread);
  CHECK(has(end_of({"prune", "team.yaml"}).text, "--older-than DURATION"));
  CHECK(has(end_of({"prune", "team.yaml", "--all", "--thread", "t"}).text, "--all"));
  CHECK(has(end_of({"expire", "t1", "team.yaml"}).text, "--after DURATION or --never"));
  CHECK(has(end_of({"expire", "t1", "team.yaml", "--never", "--after", "1d"}).text, "say when"));
  CHECK(has(end_of({"expire", "t1", "team.yaml", "--after", "soon"}).text, "no duration"));
  CHECK(has(end_of({"sweep", "--store", "x.db", "--older-than", "1d"}).text, "cluster file"));
  CHECK(has(end_of({"delete", "t1"}).text, "--store FILE"));
}

TEST_CASE("A wrong command line is told with what to do", "[cli][command_line]") {
  const auto unknown = end_of({"rnu", "team.yaml"});
  CHECK(unknown.code == 2);
  CHECK(has(unknown.text, "there is no command \"rnu\""));
  CHECK(has(unknown.text, "run, resume"));
  CHECK(end_of({}).code == 2);
  CHECK(end_of({"run"}).code == 2);
  CHECK(has(end_of({"run", "f", "--bogus"}).text, "--bogus"));
  CHECK(has(end_of({"graph", "f", "--format", "png"}).text, "png"));
  CHECK(has(end_of({"graph", "f", "--depth", "65"}).text, "65"));
  CHECK(has(end_of({"run", "f", "--model", "main"}).text, "NAME=SPEC"));
  CHECK(has(end_of({"history", "t", "f", "--limit", "0"}).text, "limit"));
  CHECK(end_of({"run", "-"}).code == 2);
  CHECK(end_of({"completion", "tcsh"}).code == 2);
}

TEST_CASE("Help is no error and has examples", "[cli][command_line]") {
  CHECK(end_of({"--help"}).code == 0);
  for (const auto& one : known_commands()) {
    const auto end = end_of({one.name.c_str(), "--help"});
    INFO(one.name);
    CHECK(end.code == 0);
    if (one.name != "version") CHECK(has(end.text, "  mcp-cluster " + one.name));
  }
}

TEST_CASE("Completion knows every command and option", "[cli][command_line]") {
  const auto commands = known_commands();
  CHECK(commands.size() == 32);
  const auto graph = std::find_if(commands.begin(), commands.end(),
                                  [](const auto& one) { return one.name == "graph"; });
  REQUIRE(graph != commands.end());
  const auto format = std::find_if(graph->options.begin(), graph->options.end(),
                                   [](const auto& option) { return option.name == "--format"; });
  REQUIRE(format != graph->options.end());
  CHECK(format->takes_value);
  CHECK(format->choices == std::vector<std::string>{"mermaid", "dot", "json", "svg"});
}
