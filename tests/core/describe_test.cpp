#include "mcp/describe.hpp"

#include "mcp/codec.hpp"
#include "mcp/state_type.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace described_types {

enum class colour { red, green, blue };
MCP_ENUM(colour, red, green, blue)

struct point {
  double x = 0;
  double y = 0;
};
MCP_STRUCT(point, x, (y, mcp::doc("upwards, in metres")))

struct circle {
  point centre{};
  float radius = 1;
};
MCP_STRUCT(circle, centre, radius)

struct everything {
  bool flag = true;
  std::int8_t tiny = -3;
  std::uint16_t medium = 9;
  std::int64_t large = std::numeric_limits<std::int64_t>::min();
  std::uint64_t larger = std::numeric_limits<std::uint64_t>::max();
  std::string text{"t"};
  std::vector<point> points{};
  std::vector<bool> bits{};
  std::set<std::string> names{};
  std::map<std::string, std::vector<int>> table{};
  std::unordered_map<std::string, colour> paint{};
  std::optional<circle> round{};
  std::variant<std::monostate, int, std::string, point, colour, bool, double> choice{};
};
MCP_STRUCT(everything, flag, tiny, medium, large, larger, text, points, bits, names, table, paint,
           round, choice)

struct tree {
  int value = 0;
  std::vector<tree> children{};
};
MCP_STRUCT(tree, value, children)

struct wide {
  int f00 = 0, f01 = 1, f02 = 2, f03 = 3, f04 = 4, f05 = 5, f06 = 6, f07 = 7, f08 = 8, f09 = 9;
  int f10 = 0, f11 = 1, f12 = 2, f13 = 3, f14 = 4, f15 = 5, f16 = 6, f17 = 7, f18 = 8, f19 = 9;
  int f20 = 0, f21 = 1, f22 = 2, f23 = 3, f24 = 4, f25 = 5, f26 = 6, f27 = 7, f28 = 8, f29 = 9;
  int f30 = 0, f31 = 1, f32 = 2, f33 = 3, f34 = 4, f35 = 5, f36 = 6, f37 = 7, f38 = 8, f39 = 9;
  int f40 = 0, f41 = 1, f42 = 2, f43 = 3, f44 = 4, f45 = 5, f46 = 6, f47 = 7, f48 = 8, f49 = 9;
  int f50 = 0, f51 = 1, f52 = 2, f53 = 3, f54 = 4, f55 = 5, f56 = 6, f57 = 7, f58 = 8, f59 = 9;
  int f60 = 0, f61 = 1, f62 = 2, f63 = 3;
};
MCP_STRUCT(wide, f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15,
           f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33,
           f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47, f48, f49, f50, f51,
           f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, f63)

struct session {
  std::string question{};
  std::vector<std::string> log{};
  int hidden = 0;
};
MCP_STATE(session, (question, mcp::input_only, mcp::doc("asked")), (log, mcp::append),
          (hidden, mcp::untracked, mcp::internal))

namespace near {
struct part {
  int x = 0;
  std::vector<part> more{};
};
MCP_STRUCT(part, x, more)
}  // namespace near
namespace far {
struct part {
  std::string y{};
  std::vector<part> more{};
};
MCP_STRUCT(part, y, more)
}  // namespace far
struct parts {
  std::vector<near::part> first{};
  far::part second{};
  near::part third{};
};
MCP_STATE(parts, first, second, third)

}  // namespace described_types

namespace {

using namespace described_types;
using mcp::errc;
using nlohmann::json;

everything full() {
  everything value;
  value.tiny = 127;
  value.points = {{1.5, -2}, {0, 1e300}};
  value.bits = {true, false, true};
  value.names = {"b", "a"};
  value.table = {{"odd", {1, 3}}, {"", {}}};
  value.paint = {{"sky", colour::blue}};
  value.round = circle{{1, 2}, 0.5F};
  value.choice = point{3, 4};
  return value;
}

template <class T>
bool same(const T& a, const T& b) {
  return mcp::codec<T>::equal(a, b);
}

template <class T>
std::string message_of(const std::string& text) {
  try {
    (void)mcp::from_json<T>(text);
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == errc::invalid_state);
    return failure.message();
  }
  FAIL("nothing was thrown for " << text);
  return {};
}

TEST_CASE("A described struct of every kind of field round-trips through CBOR and JSON") {
  const auto value = full();
  CHECK(same(mcp::from_cbor<everything>(mcp::to_cbor(value)), value));
  CHECK(same(mcp::from_json<everything>(mcp::to_json(value)), value));
  CHECK(same(mcp::from_json<everything>("{}"), everything{}));
  CHECK_FALSE(same(value, everything{}));
}

TEST_CASE("JSON of a described struct has its fields by name") {
  const auto document = json::parse(mcp::to_json(full()));
  CHECK(document["tiny"] == 127);
  CHECK(document["larger"] == std::numeric_limits<std::uint64_t>::max());
  CHECK(document["names"] == json::array({"a", "b"}));
  CHECK(document["paint"]["sky"] == "blue");
  CHECK(document["round"]["centre"]["y"] == 2.0);
  CHECK(document["choice"] == json::parse(R"({"point":{"x":3.0,"y":4.0}})"));
}

TEST_CASE("Every alternative of a variant round-trips") {
  using choice = decltype(everything::choice);
  const std::vector<choice> values{
      std::monostate{}, 5, std::string{"five"}, point{1, 2}, colour::green, true, 2.5};
  for (const auto& value : values) {
    INFO("alternative " << value.index());
    CHECK(same(mcp::from_json<choice>(mcp::to_json(value)), value));
  }
  CHECK_THAT(message_of<choice>(R"({"pont":{}})"),
             Catch::Matchers::Contains("did you mean \"point\"?"));
  CHECK_THAT(message_of<choice>("{}"), Catch::Matchers::Contains("one entry"));
  CHECK_THAT(message_of<choice>(R"({"integer":1,"string":""})"),
             Catch::Matchers::Contains("one entry"));
}

TEST_CASE("A struct of 64 fields can be described") {
  CHECK(mcp::field_count<wide> == 64);
  CHECK(mcp::from_json<wide>(R"({"f63":8})").f63 == 8);
}

TEST_CASE("Unknown fields are errors that suggest the right name") {
  CHECK(message_of<everything>(R"({"txet":"x"})") ==
        "the value: unknown field \"txet\", did you mean \"text\"?");
  CHECK_THAT(message_of<everything>(R"({"round":{"centre":{"z":1}}})"),
             Catch::Matchers::StartsWith("at /round/centre: unknown field \"z\""));
}

TEST_CASE("Values of the wrong type are errors that say where and what") {
  CHECK(message_of<everything>(R"({"text":5})") ==
        "at /text: expected a string, found an integer 5");
  CHECK(message_of<everything>(R"({"flag":"yes"})") ==
        "at /flag: expected a boolean, found a string \"yes\"");
  CHECK(message_of<everything>(R"({"points":[{},{"x":"far"}]})") ==
        "at /points/1/x: expected a number, found a string \"far\"");
  CHECK(message_of<everything>(R"({"table":{"odd":[1,2.5]}})") ==
        "at /table/odd/1: expected an integer, found a number 2.5");
  CHECK(message_of<everything>(R"({"points":{}})") ==
        "at /points: expected an array, found an object");
  CHECK(message_of<everything>("[]") == "the value: expected an object, found an array");
  CHECK(message_of<everything>(R"({"paint":{"sky":"bleu"}})") ==
        "at /paint/sky: \"bleu\" is not a value of the enumeration, did you mean \"blue\"?");
  CHECK(message_of<everything>(R"({"text":null})") == "at /text: expected a string, found null");
}

TEST_CASE("Numbers out of range are errors") {
  CHECK(message_of<everything>(R"({"tiny":128})") == "at /tiny: the number 128 is out of range");
  CHECK(message_of<everything>(R"({"tiny":-129})") == "at /tiny: the number -129 is out of range");
  CHECK(message_of<everything>(R"({"medium":65536})") ==
        "at /medium: the number 65536 is out of range");
  CHECK_THAT(message_of<everything>(R"({"medium":-1})"), Catch::Matchers::Contains("at least 0"));
  CHECK_THAT(message_of<everything>(R"({"large":9223372036854775808})"),
             Catch::Matchers::Contains("64 bits"));
  CHECK_THAT(message_of<everything>(R"({"large":1e300})"),
             Catch::Matchers::Contains("expected an integer"));
  CHECK(mcp::from_json<everything>(R"({"larger":18446744073709551615})").larger ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(mcp::from_json<everything>(R"({"tiny":2.0})").tiny == 2);
}

TEST_CASE("A value outside its enumeration cannot be written") {
  CHECK_THROWS_AS(mcp::to_cbor(static_cast<colour>(9)), mcp::error);
}

TEST_CASE("Comparison treats a NaN as equal to itself") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(same(point{nan, 1}, point{nan, 1}));
  CHECK_FALSE(same(point{nan, 1}, point{1, nan}));
  CHECK(same(0.0, -0.0));
}

TEST_CASE("The schema of a struct has types, defaults and descriptions") {
  const auto schema = json::parse(mcp::json_schema_of<everything>());
  CHECK(schema["$ref"] == "#/$defs/everything");
  const auto& properties = schema["$defs"]["everything"]["properties"];
  CHECK(schema["$defs"]["everything"]["additionalProperties"] == false);
  CHECK(properties["flag"] == json::parse(R"({"type":"boolean","default":true})"));
  CHECK(properties["medium"] ==
        json::parse(R"({"type":"integer","minimum":0,"maximum":65535,"default":9})"));
  CHECK(properties["tiny"] ==
        json::parse(R"({"type":"integer","minimum":-128,"maximum":127,"default":-3})"));
  CHECK_FALSE(properties["large"].contains("maximum"));
  CHECK(properties["larger"]["minimum"] == 0);
  CHECK(properties["points"]["items"]["$ref"] == "#/$defs/point");
  CHECK(properties["names"]["uniqueItems"] == true);
  CHECK(properties["table"]["additionalProperties"]["items"]["type"] == "integer");
  CHECK(properties["paint"]["additionalProperties"]["enum"] ==
        json::array({"red", "green", "blue"}));
  CHECK(properties["round"]["anyOf"][1]["type"] == "null");
  CHECK(properties["round"]["default"] == nullptr);
  CHECK(properties["choice"]["oneOf"].size() == 7);
  CHECK(properties["choice"]["oneOf"][3]["required"] == json::array({"point"}));
  CHECK(schema["$defs"]["point"]["properties"]["y"]["description"] == "upwards, in metres");
}

TEST_CASE("Types of one name have definitions of their own") {
  const auto schema = json::parse(mcp::json_schema_of<parts>());
  const auto& all = schema["$defs"];
  const auto& properties = all["parts"]["properties"];
  CHECK(properties["first"]["items"]["$ref"] == "#/$defs/part");
  CHECK(properties["second"]["$ref"] == "#/$defs/part2");
  CHECK(properties["third"]["$ref"] == "#/$defs/part");
  CHECK(all["part"]["properties"].contains("x"));
  CHECK(all["part"]["properties"]["more"]["items"]["$ref"] == "#/$defs/part");
  CHECK(all["part2"]["properties"].contains("y"));
  CHECK(all["part2"]["properties"]["more"]["items"]["$ref"] == "#/$defs/part2");
  CHECK(all.size() == 3);
}

TEST_CASE("A type that contains itself has a schema and round-trips") {
  const auto schema = json::parse(mcp::json_schema_of<tree>());
  CHECK(schema["$defs"]["tree"]["properties"]["children"]["items"]["$ref"] == "#/$defs/tree");
  const tree value{1, {{2, {}}, {3, {{4, {}}}}}};
  CHECK(same(mcp::from_json<tree>(mcp::to_json(value)), value));
}

TEST_CASE("JSON nested deeper than 200 levels is refused, not followed") {
  std::string text = "{}";
  for (int i = 0; i < 99; ++i) text = R"({"children":[)" + text + "]}";
  CHECK(mcp::from_json<tree>(text).children.size() == 1);
  for (int i = 0; i < 100; ++i) text = R"({"children":[)" + text + "]}";
  try {
    (void)mcp::from_json<tree>(text);
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == errc::too_large);
  }
}

TEST_CASE("CBOR nested deeper than 200 levels is refused, not followed") {
  mcp::cbor_writer writer;
  for (int i = 0; i < 100'000; ++i) {
    writer.map(1);
    writer.text("children");
    writer.array(1);
  }
  writer.map(0);
  try {
    (void)mcp::from_cbor<tree>(writer.bytes());
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == errc::malformed_cbor);
  }
}

TEST_CASE("A string of 50 MB travels whole") {
  const std::string large(50'000'000, 'x');
  everything value;
  value.text = large;
  CHECK(mcp::from_json<everything>(mcp::to_json(value)).text == large);
}

TEST_CASE("The fields of a state carry their reducer, visibility and description") {
  const auto& type = mcp::state_type_of<session>::get();
  REQUIRE(type.channel_count() == 3);
  CHECK(type.name() == "session");
  CHECK(type.find("log") == 1);
  CHECK(type.find("lag") == -1);
  CHECK(type.at(0).text() == "asked");
  CHECK(type.at(0).is_input());
  CHECK_FALSE(type.at(0).is_output());
  CHECK(type.at(1).many_writers());
  CHECK_FALSE(type.at(2).is_input());
  CHECK_FALSE(type.at(2).is_output());
  CHECK_FALSE(type.at(2).tracked());
}

}  // namespace
