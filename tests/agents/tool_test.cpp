#include "mcp/agents/tool.hpp"

#include "agents/tool_test_harness.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

namespace mcp::test {
namespace {

enum class unit { celsius, fahrenheit };
MCP_ENUM(unit, celsius, fahrenheit)

struct place {
  std::string city{};
  std::int64_t days = 3;
  std::optional<std::string> country{};
  mcp::test::unit unit = unit::celsius;
};
MCP_STRUCT(place, (city, mcp::doc("name of a city")), days, country, unit)

struct nothing {
  bool loud = false;
};
MCP_STRUCT(nothing, loud)

std::shared_ptr<tool> weather() {
  return make_tool("weather", "The weather.", [](const place& p) {
    return p.city + "/" + std::to_string(p.days) + "/" + p.country.value_or("-");
  });
}

}  // namespace

TEST_CASE("A tool's parameters are an object whose needed fields are required") {
  const auto made = weather();
  CHECK(made->description().name == "weather");
  CHECK(made->description().description == "The weather.");
  const auto schema = nlohmann::json::parse(made->description().parameters);
  CHECK(schema["type"] == "object");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["required"] == nlohmann::json::array({"city"}));
  CHECK(schema["properties"]["city"]["type"] == "string");
  CHECK(schema["properties"]["city"]["description"] == "name of a city");
  CHECK(schema["properties"]["days"]["default"] == 3);
  CHECK(schema["properties"]["unit"]["enum"] == nlohmann::json::array({"celsius", "fahrenheit"}));
}

TEST_CASE("A tool gets its arguments typed, with defaults for what is absent") {
  CHECK(answer_of(*weather(), R"({"city":"Rome"})").content == "Rome/3/-");
  CHECK(answer_of(*weather(), R"({"city":"Rome","days":1,"country":"IT"})").content == "Rome/1/IT");
}

TEST_CASE("A tool without needed arguments takes an empty text for an empty object") {
  const auto made = make_tool("a", "", [](const nothing&) { return "done"; });
  CHECK(answer_of(*made, "").content == "done");
  CHECK(answer_of(*made, " \n").content == "done");
  CHECK(answer_of(*made, "{}").content == "done");
}

TEST_CASE("Arguments that do not fit are refused with the place and the reason") {
  const auto [text, reason] = GENERATE(table<std::string, std::string>({
      {"{}", "\"city\" is missing"},
      {R"({"city":7})", "/city"},
      {R"({"city":"Rome","day":1})", "did you mean \"days\""},
      {R"({"city":"Rome","unit":"kelvin"})", "kelvin"},
      {R"(["Rome"])", "expected an object"},
      {R"({"city":"Rome")", "line 1"},
      {"null", "expected an object"},
      {std::string(2 * max_tool_arguments_bytes, ' '), "bytes, more than"},
      {std::string(10'000, '['), ""},
  }));
  const auto failed = failure_of(*weather(), text);
  CHECK(failed.error.code() == errc::invalid_tool_call);
  INFO(failed.error.message());
  CHECK(failed.error.message().find(reason) != std::string::npos);
}

TEST_CASE("A tool may return text, a result, or any value as JSON") {
  CHECK(answer_of(*make_tool("a", "", [](const nothing&) { return std::string{"text"}; }), "") ==
        tool_result{.content = "text"});
  CHECK(answer_of(*make_tool("a", "",
                             [](const nothing&) {
                               return tool_result{.content = "no", .is_error = true};
                             }),
                  "") == tool_result{.content = "no", .is_error = true});
  CHECK(answer_of(*make_tool("a", "",
                             [](const nothing&) {
                               return std::vector<int>{1, 2};
                             }),
                  "")
            .content == "[1,2]");
  CHECK(answer_of(*make_tool("a", "", [](const nothing& n) { return n; }), "").content ==
        R"({"loud":false})");
}

TEST_CASE("A tool sees the call's id, its idempotency key and the node's context") {
  const auto made = make_tool("a", "", [](const nothing&, tool_context& ctx) {
    return ctx.call_id() + " " + ctx.idempotency_key() + " " +
           std::string{ctx.context().thread_id()} + " " + std::to_string(ctx.attempt());
  });
  CHECK(answer_of(*made, "").content == "call-1 key-1 thread 1");
}

TEST_CASE("An asynchronous tool answers later and only once") {
  std::optional<tool_reply> kept;
  const auto made =
      make_tool("a", "", [&](const nothing&, tool_reply reply) { kept = std::move(reply); });
  auto port = std::make_shared<recording_port>();
  made->start("", tool_reply{port});
  CHECK_FALSE(port->result);
  kept->done("late");
  REQUIRE(port->result);
  CHECK(port->result->content == "late");
  CHECK_THROWS_AS(kept->done("again"), error);
  CHECK_THROWS_AS(kept->fail("again"), error);
}

}  // namespace mcp::test
