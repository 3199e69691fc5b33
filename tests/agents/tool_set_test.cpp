#include "mcp/agents/tool_set.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <thread>

namespace mcp::test {
namespace {

struct no_arguments {
  bool unused = false;
};
MCP_STRUCT(no_arguments, unused)

std::shared_ptr<tool> named(const std::string& name, tool_options options = {}) {
  return make_tool(
      name, "about " + name, [](const no_arguments&) { return "x"; }, std::move(options));
}

}  // namespace

TEST_CASE("A tool set describes its tools by name, and its copies share them") {
  const tool_set tools{named("b"), named("a")};
  const auto copy = tools;
  copy.add(named("c"));
  CHECK(tools.names() == std::vector<std::string>{"a", "b", "c"});
  CHECK(tools.descriptions().at(2).description == "about c");
  CHECK(tools.remove("b"));
  CHECK_FALSE(copy.remove("b"));
  CHECK(copy.size() == 2);
  CHECK(tools.find("b") == nullptr);
  CHECK(tools.find("a") == copy.find("a"));
}

TEST_CASE("A tool of the same name takes the other's place") {
  const tool_set tools{named("a")};
  const auto newer = named("a");
  tools.add(newer);
  CHECK(tools.size() == 1);
  CHECK(tools.find("a") == newer);
}

TEST_CASE("Tools with unusable names and options are refused") {
  const tool_set tools;
  const auto refused = [&tools](const std::shared_ptr<tool>& what) {
    try {
      tools.add(what);
    } catch (const error& reason) {
      return reason.code() == errc::invalid_argument;
    }
    return false;
  };
  CHECK(refused(nullptr));
  CHECK(refused(named("")));
  CHECK(refused(named("two words")));
  CHECK(refused(named(std::string(129, 'a'))));
  CHECK(refused(named("a", {.timeout = milliseconds{-1}})));
  CHECK(refused(named("a", {.retry = retry_policy{.max_attempts = 0}})));
  CHECK(tools.size() == 0);
}

TEST_CASE("The text about an unknown tool names those there are") {
  const tool_set tools{named("a"), named("b")};
  CHECK(detail::unknown_tool_text(tools, "c") ==
        "Error: c is not a valid tool, try one of [a, b].");
}

TEST_CASE("Tools may be added and removed while others look for them") {
  const tool_set tools{named("kept")};
  std::atomic<bool> stop{false};
  std::thread changes{[&] {
    for (int i = 0; i < 200; ++i) {
      tools.add(named("t" + std::to_string(i % 5)));
      tools.remove("t" + std::to_string((i + 2) % 5));
    }
    stop = true;
  }};
  bool always = true;
  while (!stop) always = always && tools.find("kept") && !tools.descriptions().empty();
  changes.join();
  CHECK(always);
}

}  // namespace mcp::test
