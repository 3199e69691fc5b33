#include "script/template.hpp"

#include "mcp/json.hpp"
#include "support/catch.hpp"

using namespace mcp;
using namespace mcp::cluster;
using Catch::Matchers::Contains;

namespace {

std::string render(const std::string& text, const nlohmann::json& value = {}) {
  sandbox box{{}};
  box.set("value", value);
  return text_template{{"t.yaml", 3, text}}.render(box);
}

script_problem problem_of(const std::string& text) {
  try {
    static_cast<void>(text_template{{"t.yaml", 3, text}});
  } catch (const script_problem& wrong) {
    return wrong;
  }
  return {};
}

}  // namespace

TEST_CASE("A template shows the values of its expressions") {
  CHECK(render("plain") == "plain");
  CHECK(render("{{ value }}", "a") == "a");
  CHECK(render("<{{value.n + 1}}|{{ value.list }}|{{ value.none }}>",
               {{"n", 1}, {"list", {1, "x"}}}) == R"(<2|[1,"x"]|>)");
  CHECK(render("{{ ({a = {b = 1}}).a.b }} } {{ '}}' }} { {{ \"{{\" }}") == "1 } }} { {{");
  CHECK(render("{{ 2.5 }}{{ true }}{{ null }}") == "2.5true");
  CHECK(text_template{{"t.yaml", 1, "a } b"}}.constant());
}

TEST_CASE("What is wrong with a template is told with its line") {
  CHECK(problem_of("a\nb {{ 1 +* 2 }}").line == 4);
  CHECK_THAT(problem_of("a {{ 1").message, Contains("not closed"));
  CHECK(problem_of("\n\n{{ 1").line == 5);
  CHECK_THROWS_WITH(render("\n{{ value.x.y }}"), Contains("t.yaml:4"));
}

TEST_CASE("A template cannot make a text without end") {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "{{ string.rep('x', 100000) }}";
  CHECK_THROWS_WITH(render(text), Contains("1048576 bytes"));
}
