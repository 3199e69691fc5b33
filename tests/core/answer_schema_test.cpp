#include "core/interrupts.hpp"
#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <string>

TEST_CASE("The schema of an answer is checked when the question is asked") {
  const auto check = mcp::core::check_answer_schema;
  CHECK_NOTHROW(check(""));
  CHECK_NOTHROW(check(R"({"type":"string"})"));
  for (const std::string broken : {"{", "7", R"({"type":"strin"})"}) {
    INFO(broken);
    try {
      check(broken);
      FAIL("nothing was thrown");
    } catch (const mcp::error& what) {
      CHECK(what.code() == mcp::errc::invalid_argument);
    }
  }
}
