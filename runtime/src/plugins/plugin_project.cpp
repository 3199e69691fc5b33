#include "plugins/plugin_project.hpp"

namespace mcp::cluster {
namespace {

constexpr const char* build_file = R"file(cmake_minimum_required(VERSION 3.22)
project(@NAME@ VERSION 0.1.0 LANGUAGES CXX)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_package(FastMCP @LIBRARY@ REQUIRED)
fastmcp_add_plugin(@NAME@ @NAME@.cpp)

enable_testing()
# The functions alone.
add_executable(@NAME@_test @NAME@_test.cpp)
target_link_libraries(@NAME@_test PRIVATE mcp::plugin)
add_test(NAME functions COMMAND @NAME@_test)
# The plugin as mcp-cluster sees it, and a system that uses it.
add_test(NAME plugin COMMAND mcp::mcp-cluster plugin check $<TARGET_FILE:@NAME@>)
add_test(NAME system COMMAND mcp::mcp-cluster run ${CMAKE_CURRENT_SOURCE_DIR}/@NAME@.yaml
  --plugin $<TARGET_FILE:@NAME@> --input "{\"who\": \"Ann\"}")
set_tests_properties(system PROPERTIES PASS_REGULAR_EXPRESSION "Hello, Ann! You have 3 letters.")
)file";

constexpr const char* functions_file = R"file(#pragma once

#include <mcp/plugin.hpp>

#include <string>

// What the plugin does, as plain functions: they are tested without it.

struct greet_options {
  std::string greeting = "Hello";
  std::string from{};
  std::string into{};
};
MCP_STRUCT(greet_options, (greeting, mcp::doc("what is said first")),
           (from, mcp::doc("field with a name")), (into, mcp::doc("field for the greeting")))

inline std::string greet(const std::string& greeting, const std::string& who) {
  return greeting + ", " + who + "!";
}

struct text_to_measure {
  std::string text{};
};
MCP_STRUCT(text_to_measure, (text, mcp::doc("what is counted")))

inline std::string count_letters(const text_to_measure& what) {
  return "You have " + std::to_string(what.text.size()) + " letters.";
}
)file";

constexpr const char* plugin_file = R"file(#include "@NAME@.hpp"

namespace {

/// A kind of node: `nodes: {n: {type: @NAME@.greet, options: {from: who, into: said}}}`.
auto make_greet(const greet_options& options, const mcp::plugin_request&) {
  return [options](const mcp::json_state& state) {
    const auto who = state.at(options.from).get<std::string>();
    return mcp::update<mcp::json_state>{state}.set(options.into, greet(options.greeting, who));
  };
}

/// A kind of tool: `tools: {count: {type: @NAME@.count}}`.
auto make_count(const mcp::plugin_request&) {
  return mcp::make_tool("count", "Counts the letters of a text.", count_letters);
}

void offer(mcp::plugin& to) {
  to.node("greet", "Greets somebody.", make_greet);
  to.tool("count", "Counts letters.", make_count);
}

}  // namespace

MCP_PLUGIN("@NAME@", "0.1.0", "A first plugin.", offer)
)file";

constexpr const char* test_file = R"file(#include "@NAME@.hpp"

#include <cstdio>

int main() {
  const bool fine = greet("Hi", "Bob") == "Hi, Bob!" &&
                    count_letters({"four"}) == "You have 4 letters.";
  std::puts(fine ? "the functions do what they should" : "the functions are wrong");
  return fine ? 0 : 1;
}
)file";

constexpr const char* system_file = R"file(name: @NAME@_system
description: Greets somebody and counts the letters of the name.

# Here the plugin is given on the command line, as the test does:
#   mcp-cluster run @NAME@.yaml --plugin build/@NAME@.so --input '{"who": "Ann"}'
# A system of your own names it:
#   plugins: {@NAME@: build/@NAME@.so}

state:
  who: string
  said: {type: string, visibility: internal}
  letters: {type: string, visibility: internal}
  answer: {type: string, visibility: output}

tools:
  count: {type: @NAME@.count}

nodes:
  greet: {type: @NAME@.greet, options: {from: who, into: said}}
  count: {call: count, arguments: {text: state.who}, into: letters}
  answer: {lua: "return {answer = state.said .. ' ' .. state.letters}"}

edges: [start -> greet -> count -> answer -> END]
)file";

constexpr const char* readme_file = R"file(# @NAME@, a plugin of mcp-cluster

    cmake -B build && cmake --build build && ctest --test-dir build

If FastMCP is installed in a folder of its own, add `-DCMAKE_PREFIX_PATH=FOLDER` to the first command.

    mcp-cluster plugin check build/@NAME@.so
    mcp-cluster run @NAME@.yaml --plugin build/@NAME@.so --input '{"who": "Ann"}'

`@NAME@.hpp` holds what it does, `@NAME@.cpp` what it offers to cluster files, `@NAME@_test.cpp` the test of the functions.
)file";

std::string filled(std::string text, const std::string& name) {
  const auto replace = [&text](const std::string& mark, const std::string& with) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
      text.replace(at, mark.size(), with);
    }
  };
  replace("@NAME@", name);
  const std::string version = MCP_VERSION;
  replace("@LIBRARY@", version.substr(0, version.rfind('.')));
  return text;
}

}  // namespace

std::map<std::string, std::string> plugin_project(const std::string& name) {
  return {{"CMakeLists.txt", filled(build_file, name)},
          {name + ".hpp", filled(functions_file, name)},
          {name + ".cpp", filled(plugin_file, name)},
          {name + "_test.cpp", filled(test_file, name)},
          {name + ".yaml", filled(system_file, name)},
          {"README.md", filled(readme_file, name)}};
}

}  // namespace mcp::cluster
