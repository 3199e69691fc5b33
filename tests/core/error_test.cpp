#include "mcp/error.hpp"

#include "support/catch.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace {

using mcp::errc;

std::string errors_page() {
  std::ifstream file{MCP_TEST_SOURCE_DIR "/docs/errors.md"};
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("Every error code has a name, a number of its own and advice") {
  std::set<std::string_view> names;
  std::set<int> numbers;
  for (const auto code : mcp::all_error_codes()) {
    INFO(mcp::name(code));
    CHECK(names.insert(mcp::name(code)).second);
    CHECK(numbers.insert(static_cast<int>(code)).second);
    CHECK_FALSE(mcp::advice(code).empty());
    CHECK(mcp::advice(code).back() != '.');
    CHECK(mcp::error_code_from_number(static_cast<int>(code)) == code);
  }
  CHECK(names.size() == mcp::all_error_codes().size());
}

TEST_CASE("Every error code has a section with its number in the errors page") {
  const auto page = errors_page();
  for (const auto code : mcp::all_error_codes()) {
    const auto heading = "\n### " + std::string{mcp::name(code)} + " (" +
                         std::to_string(static_cast<int>(code)) + ")\n";
    INFO(heading);
    CHECK(page.find(heading) != std::string::npos);
  }
}

TEST_CASE("The errors page has no section for a code that does not exist") {
  std::istringstream page{errors_page()};
  std::set<std::string> names;
  for (const auto code : mcp::all_error_codes()) names.emplace(mcp::name(code));
  std::string line;
  while (std::getline(page, line)) {
    if (!line.starts_with("### ")) continue;
    INFO(line);
    CHECK(names.contains(line.substr(4, line.find(' ', 4) - 4)));
  }
}

TEST_CASE("Numbers of codes are stable") {
  CHECK(static_cast<int>(errc::invalid_graph) == 100);
  CHECK(static_cast<int>(errc::node_failed) == 120);
  CHECK(static_cast<int>(errc::corrupt_store) == 162);
  CHECK(static_cast<int>(errc::shutting_down) == 190);
  CHECK(mcp::error_code_from_number(-1) == errc::node_failed);
}

TEST_CASE("An error says what happened, where and what to do in one line") {
  const auto failure = mcp::error{errc::node_timeout, "no answer within 5 s"}.at(
      {.graph = "g", .node = "fetch", .task = "t1", .attempt = 2});
  CHECK(failure.what() ==
        "node_timeout: no answer within 5 s [graph g, node fetch, task t1, attempt 2]; to do: " +
            std::string{mcp::advice(errc::node_timeout)});
  CHECK(std::string{mcp::error{errc::cancelled, "stop"}.what()} ==
        "cancelled: stop; to do: " + std::string{mcp::advice(errc::cancelled)});
}

TEST_CASE("A place that is known is not replaced by a later one") {
  const auto inner = mcp::error{errc::node_failed, "x"}.at({.graph = "inner", .node = "n"});
  const auto outer = inner.at({.graph = "outer", .node = "m", .task = "t", .attempt = 4});
  CHECK(outer.place() == mcp::error_place{"inner", "n", "t", 4});
  CHECK(inner.place() == mcp::error_place{"inner", "n", "", 0});
  CHECK(inner != outer);
  CHECK(mcp::error{} == mcp::error{errc::node_failed, "unknown failure"});
}

}  // namespace
