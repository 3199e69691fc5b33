#include "cli/answers.hpp"
#include "cli/input.hpp"
#include "cli/person.hpp"
#include "mcp/agents/tool_node.hpp"
#include "mcp/json.hpp"
#include "support/catch.hpp"

using namespace mcp::cluster;
using nlohmann::json;

namespace {

mcp::pending_interrupt asked(std::string id, std::string node, std::string schema = {}) {
  mcp::pending_interrupt made;
  made.id = std::move(id);
  made.node = std::move(node);
  made.question = "\"Which?\"";
  made.schema = std::move(schema);
  return made;
}

const std::string boolean = R"({"type": "boolean"})";
const std::string text_schema = R"({"type": "string"})";
const std::string tool_schema =
    R"({"type": "object", "required": ["type", "arguments", "message"], "properties": {"type":
       {"enum": ["accept", "edit", "reject", "respond"]}, "arguments": {"type": "string"},
       "message": {"type": "string"}}})";

template <class Function>
std::string problem_of(Function function) {
  try {
    function();
  } catch (const mcp::error& what) {
    return std::string{mcp::name(what.code())} + ": " + what.message();
  }
  return "no error";
}

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("An answer is JSON that fits, or else text that fits", "[cli][answers]") {
  CHECK(read_answer("true", boolean) == json(true));
  CHECK(read_answer(" yes\n", boolean) == json(true));
  CHECK(read_answer("N", boolean) == json(false));
  CHECK(read_answer("yes", text_schema) == json("yes"));
  CHECK(read_answer("42", text_schema) == json("42"));
  CHECK(read_answer("42", R"({"type": "integer"})") == json(42));
  CHECK(read_answer("\"quoted\"", text_schema) == json("quoted"));
  CHECK(read_answer("two words", "") == json("two words"));
  CHECK(read_answer(R"({"a": [1]})", "") == json::parse(R"({"a": [1]})"));
}

TEST_CASE("An answer that does not fit is refused with the reason", "[cli][answers]") {
  CHECK_THAT(problem_of([] { (void)read_answer("maybe", boolean); }), Contains("boolean"));
  CHECK_THAT(problem_of([] { (void)read_answer("", text_schema); }), Contains("empty"));
  CHECK_THAT(problem_of([] { (void)read_answer("null", boolean); }), Contains("null is no answer"));
  CHECK_THAT(problem_of([] { (void)read_answer("7", R"({"type": "integer", "maximum": 5})"); }),
             Contains("invalid_answer") && Contains("5"));
}

TEST_CASE("Whether a tool may be called is answered in words", "[cli][answers]") {
  CHECK(read_answer("accept", tool_schema)["type"] == "accept");
  CHECK(read_answer("y", tool_schema)["type"] == "accept");
  const auto no = read_answer("no far too dear", tool_schema);
  CHECK(no["type"] == "reject");
  CHECK(no["message"] == "far too dear");
  const auto edit = read_answer(R"(edit {"n": 1})", tool_schema);
  CHECK(edit["type"] == "edit");
  CHECK(edit["arguments"] == R"({"n": 1})");
  CHECK_THAT(problem_of([] { (void)read_answer("perhaps", tool_schema); }), Contains("object"));
  const auto real = mcp::json_schema_of<mcp::tool_answer>();
  CHECK(asks_for_decision(real));
  CHECK(asks_for_decision(tool_schema));
  CHECK_FALSE(asks_for_decision(boolean));
  CHECK_FALSE(asks_for_decision(""));
  CHECK(read_answer("accept", real)["type"] == "accept");
  CHECK(read_answer("no too dear", real)["message"] == "too dear");
}

TEST_CASE("Answers find their questions by id and by node", "[cli][answers]") {
  given_answers given{{"b=2", "00ff=1", R"({"x": "a=b"})"}};
  const auto taken = given.take({asked("00ff", "a"), asked("11ff", "b"), asked("22ff", "c")});
  CHECK(taken.at("00ff") == json(1));
  CHECK(taken.at("11ff") == json(2));
  CHECK(taken.at("22ff") == json::parse(R"({"x": "a=b"})"));
  CHECK(given.unused().empty());
}

TEST_CASE("An answer without a name waits until one question is left", "[cli][answers]") {
  given_answers given{{"first", "second"}};
  CHECK(given.take({asked("1", "a"), asked("2", "b")}).empty());
  CHECK(given.take({asked("1", "a")}).at("1") == json("first"));
  CHECK(given.take({asked("", "a")}).empty());  // a stop at a node asks nothing
  CHECK(given.unused() == "second");
  CHECK(given.take({asked("2", "b")}).at("2") == json("second"));
}

TEST_CASE("Several tries of one node take its answers in their order", "[cli][answers]") {
  given_answers given{{"a=1", "a=2"}};
  CHECK(given.take({asked("1", "a")}).at("1") == json(1));
  CHECK(given.take({asked("2", "a")}).at("2") == json(2));
}

TEST_CASE("A question is shown with what may be answered", "[cli][answers]") {
  CHECK(question_text(asked("1", "approve", boolean)) == "approve asks: Which?\n(yes or no)");
  CHECK(question_text(asked("1", "name", text_schema)) == "name asks: Which?");
  const auto again = R"({"type": "integer", "$comment": "the answer before this one was odd"})";
  CHECK(question_text(asked("1", "even", again)) ==
        "even asks: Which?\nthe answer before this one was odd\n(a number)");
  auto inner = asked("1", "pick", R"({"enum": ["a", "b"]})");
  inner.ns = "team:0123";
  inner.question = R"({"n": 1})";
  CHECK(question_text(inner) == "team/pick asks: {\n  \"n\": 1\n}\n(one of [\"a\",\"b\"])");
}

TEST_CASE("The input of a run is checked before it starts", "[cli][input]") {
  const auto schema =
      json::parse(R"({"type": "object", "properties": {"question": {"type": "string"}}})");
  CHECK(parse_input(R"({"question": "x"})", schema)["question"] == "x");
  CHECK(parse_input("{}", schema) == json::object());
  CHECK_THAT(problem_of([&] { (void)parse_input(R"({"q": 1})", schema); }),
             Contains("no field \"q\"") && Contains("question"));
  CHECK_THAT(problem_of([&] { (void)parse_input(R"({"question": 1})", schema); }),
             Contains("/question"));
  CHECK_THAT(problem_of([&] { (void)parse_input("[]", schema); }), Contains("object"));
  CHECK_THAT(problem_of([&] { (void)parse_input("{\"question\"", schema); }),
             Contains("malformed_json"));
  CHECK_THAT(problem_of([&] { (void)parse_input(std::string(100'000, '['), schema); }),
             Contains("too_large"));
  CHECK(read_input("") == "{}");
  CHECK(read_input("{\"a\":1}") == "{\"a\":1}");
  CHECK_THAT(problem_of([] { (void)read_input("@/nowhere/at/all"); }), Contains("/nowhere/at/all"));
}
