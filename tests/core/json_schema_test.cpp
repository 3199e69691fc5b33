#include "mcp/json_schema.hpp"

#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using mcp::json_schema;
using limits = mcp::json_schema_limits;
using nlohmann::json;

std::vector<mcp::schema_problem> problems(std::string_view schema, const json& instance) {
  return json_schema{json::parse(schema)}.validate(instance);
}

bool fits(std::string_view schema, std::string_view instance) {
  return problems(schema, json::parse(instance)).empty();
}

/// The first problem as "pointer: message".
std::string problem(std::string_view schema, std::string_view instance) {
  const auto found = problems(schema, json::parse(instance));
  return found.empty() ? "none" : found.front().at + ": " + found.front().message;
}

mcp::error refusal(json schema) {
  try {
    const json_schema compiled{std::move(schema)};
  } catch (const mcp::error& refused) {
    return refused;
  }
  return {mcp::errc::invalid_argument, "accepted"};
}

std::string refused(std::string_view schema) {
  const auto error = refusal(json::parse(schema));
  CHECK(error.code() == mcp::errc::invalid_schema);
  return error.message();
}

bool too_complex(const std::vector<mcp::schema_problem>& found) {
  return !found.empty() && found.back().message.starts_with("too complex");
}

json nested_array(std::size_t levels) {
  json value = json::array();
  for (std::size_t i = 1; i < levels; ++i) value = json::array({std::move(value)});
  return value;
}

}  // namespace

TEST_CASE("A problem names the place in the instance, what was expected and what was found") {
  constexpr auto order = R"({"type":"object","required":["id"],"properties":{
      "id":{"type":"integer"},"a/b":{"items":{"type":["string","null"],"maxLength":3}}}})";
  CHECK(problem(order, R"({"id":1,"a/b":["abc",null]})") == "none");
  CHECK(problem(order, R"({})") == ": expected a property \"id\", found none");
  CHECK(problem(order, R"({"id":"x"})") == "/id: expected an integer, found \"x\"");
  CHECK(problem(order, R"({"id":1,"a/b":["ab",[]]})") ==
        "/a~1b/1: expected null or a string, found []");
  CHECK(problem(order, R"({"id":1,"a/b":["äöüß"]})") ==
        "/a~1b/0: expected at most 3 characters, found 4: \"äöüß\"");
}

TEST_CASE("All problems of an instance are reported, up to the limit") {
  const json_schema numbers{json::parse(R"({"items":{"type":"number"}})")};
  CHECK(numbers.validate(json(std::vector<std::string>(5, "x"))).size() == 5);
  CHECK(numbers.validate(json(std::vector<std::string>(500, "x"))).size() ==
        limits::schema_problems);
}

TEST_CASE("Messages and pointers about very long values are short") {
  const std::string text(100'000, 'x');
  const auto found = problems(R"({"additionalProperties":{"type":"null"}})", {{text, text}});
  REQUIRE(found.size() == 1);
  CHECK(found.front().at.size() == limits::pointer_bytes);
  CHECK(found.front().at.ends_with("..."));
  CHECK(found.front().message.size() < limits::message_bytes);
}

TEST_CASE("Numbers are compared exactly, whatever their representation") {
  CHECK(fits(R"({"type":"integer"})", "3.0"));
  CHECK_FALSE(fits(R"({"type":"integer"})", "3.5"));
  CHECK(fits(R"({"const":[1]})", "[1.0]"));
  CHECK_FALSE(fits(R"({"const":9007199254740993})", "9007199254740992.0"));
  CHECK_FALSE(fits(R"({"maximum":9007199254740992.0})", "9007199254740993"));
  CHECK_FALSE(fits(R"({"minimum":18446744073709551615})", "-1"));
  CHECK(fits(R"({"exclusiveMaximum":18446744073709551616.0})", "18446744073709551615"));
  CHECK_FALSE(problems(R"({"minimum":0})", std::numeric_limits<double>::quiet_NaN()).empty());
}

TEST_CASE("multipleOf is computed in decimal") {
  CHECK(fits(R"({"multipleOf":0.01})", "19.99"));
  CHECK_FALSE(fits(R"({"multipleOf":0.01})", "19.995"));
  CHECK(fits(R"({"multipleOf":0.1})", "-0.3"));
  CHECK(fits(R"({"multipleOf":7})", "700000000000000000"));
  CHECK_FALSE(fits(R"({"multipleOf":7})", "1e300"));
  CHECK(fits(R"({"multipleOf":1e-300})", "1e300"));
  CHECK(fits(R"({"multipleOf":2e2})", "400"));
  CHECK_FALSE(fits(R"({"multipleOf":2e2})", "300"));
}

TEST_CASE("Patterns are searched in UTF mode and end only at the end of the text") {
  CHECK(fits(R"({"pattern":"^.{2}$"})", R"("äö")"));
  CHECK(fits(R"({"pattern":"\\d+"})", R"("room 12")"));
  CHECK_FALSE(fits(R"({"pattern":"^a$"})", R"("a\n")"));
  CHECK(fits(R"({"pattern":"^\\u00e4\\p{Lu}$"})", R"("äÖ")"));
  CHECK_FALSE(problems(R"({"pattern":"."})", std::string("\xff\xfe")).empty());
}

TEST_CASE("Array keywords") {
  CHECK(fits(R"({"prefixItems":[{"type":"string"}],"items":{"type":"number"}})", R"(["a",1,2])"));
  CHECK(problem(R"({"prefixItems":[{}],"items":false})", "[1,2]") ==
        ": expected at most 1 item, found 2");
  CHECK(fits(R"({"contains":{"const":1},"minContains":2,"maxContains":3})", "[1,2,1]"));
  CHECK_FALSE(fits(R"({"contains":{"const":1},"maxContains":1})", "[1,2,1]"));
  CHECK(problem(R"({"uniqueItems":true})", R"([{"a":1},2,{"a":1.0}])") ==
        ": expected items that differ, but items 0 and 2 are equal: an object of 1 property");
}

TEST_CASE("Object keywords") {
  CHECK(problem(R"({"properties":{"a":{}},"additionalProperties":false})", R"({"b":1})") ==
        "/b: unknown property \"b\"");
  CHECK(fits(R"({"patternProperties":{"^x-":{}},"additionalProperties":false})", R"({"x-a":1})"));
  CHECK(problem(R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})") ==
        ": the property name \"ab\" does not fit: expected at most 1 character, found 2: \"ab\"");
  CHECK(problem(R"({"dependentRequired":{"card":["name"]}})", R"({"card":1})") ==
        ": expected a property \"name\" because there is \"card\", found none");
  CHECK_FALSE(fits(R"({"dependentSchemas":{"a":{"maxProperties":1}}})", R"({"a":1,"b":2})"));
}

TEST_CASE("A choice names the problem of the alternative that came closest") {
  constexpr auto shape = R"({"anyOf":[{"type":"string"},
      {"type":"object","properties":{"size":{"type":"number"}}}]})";
  CHECK(fits(shape, R"({"size":1})"));
  CHECK(problem(shape, R"({"size":"big"})") ==
        ": matches none of the 2 schemas of \"anyOf\"; the nearest: at /size: expected a number, "
        "found \"big\"");
  CHECK(problem(R"({"oneOf":[{"minimum":1},{"minimum":2},{"type":"null"}]})", "5") ==
        ": expected to match one schema of \"oneOf\", but schemas 0 and 1 both match");
}

TEST_CASE("Conditions choose between then and else") {
  constexpr auto rule = R"({"if":{"required":["a"]},"then":{"required":["b"]},
      "else":{"required":["c"]}})";
  CHECK(fits(rule, R"({"a":1,"b":1})"));
  CHECK_FALSE(fits(rule, R"({"a":1,"c":1})"));
  CHECK(fits(rule, R"({"c":1})"));
  CHECK_FALSE(fits(R"({"not":{"type":"null"}})", "null"));
}

TEST_CASE("Unevaluated keywords see through applicators, but not into failed branches") {
  constexpr auto person = R"({"allOf":[{"properties":{"name":{}}}],
      "anyOf":[{"properties":{"age":{"type":"integer"}},"required":["age"]},
               {"properties":{"born":{}},"required":["born"]}],
      "unevaluatedProperties":false})";
  CHECK(fits(person, R"({"name":"x","age":3})"));
  CHECK(problem(person, R"({"name":"x","age":3,"agge":1})") == "/agge: unknown property \"agge\"");
  CHECK_FALSE(fits(person, R"({"age":"3","born":1})"));
  CHECK(fits(R"({"prefixItems":[{}],"contains":{"type":"null"},"unevaluatedItems":false})",
             "[1,null]"));
  CHECK_FALSE(fits(R"({"prefixItems":[{}],"contains":{"type":"null"},"unevaluatedItems":false})",
                   "[1,null,2]"));
}

TEST_CASE("References lead to pointers, anchors and identifiers within the document") {
  CHECK_FALSE(
      fits(R"({"$ref":"#/$defs/a~1b/items","$defs":{"a/b":{"items":{"type":"null"}}}})", "1"));
  CHECK_FALSE(fits(R"({"$ref":"#there","$defs":{"x":{"$anchor":"there","type":"null"}}})", "1"));
  constexpr auto shop = R"({"$id":"https://shop.example/order","$ref":"parts/item#/$defs/price",
      "$defs":{"i":{"$id":"/parts/item","$defs":{"price":{"minimum":0}}}}})";
  CHECK(fits(shop, "1"));
  CHECK_FALSE(fits(shop, "-1"));
}

TEST_CASE("A dynamic reference leads to the outermost schema that has the anchor") {
  constexpr auto strict_tree = R"({"$id":"https://t.example/strict","$dynamicAnchor":"node",
      "$ref":"tree","unevaluatedProperties":false,
      "$defs":{"t":{"$id":"tree","$dynamicAnchor":"node","properties":{
        "value":{},"children":{"items":{"$dynamicRef":"#node"}}}}}})";
  CHECK(fits(strict_tree, R"({"children":[{"value":1}]})"));
  CHECK(problem(strict_tree, R"({"children":[{"valu":1}]})") ==
        "/children/0/valu: unknown property \"valu\"");
}

TEST_CASE("Older drafts are understood when $schema names them") {
  constexpr auto pair = R"({"$schema":"http://json-schema.org/draft-07/schema#",
      "items":[{"type":"string"}],"additionalItems":{"$ref":"#/definitions/n","type":"null"},
      "definitions":{"n":{"type":"number"}}})";
  CHECK(fits(pair, R"(["a",1])"));
  CHECK_FALSE(fits(pair, R"(["a","b"])"));
  CHECK(refused(R"({"items":[{}]})").find("prefixItems") != std::string::npos);
}

TEST_CASE("Format and unknown keywords are not checked") {
  CHECK(fits(R"({"format":"email","x-ui":{"type":12}})", R"("nobody")"));
}

TEST_CASE("A bad schema is refused with the place and the reason") {
  CHECK(refused("3").find("at its root: expected a schema") != std::string::npos);
  CHECK(refused(R"({"properties":{"a":{"type":"text"}}})") ==
        R"(JSON Schema, at "/properties/a/type": there is no type "text")");
  CHECK(refused(R"({"minLength":-1})").find("/minLength") != std::string::npos);
  CHECK(refused(R"({"multipleOf":0})").find("above 0") != std::string::npos);
  CHECK(refused(R"({"required":"a"})").find("array of strings") != std::string::npos);
  CHECK(refused(R"({"allOf":[]})").find("at least one") != std::string::npos);
  CHECK(refused(R"({"pattern":"(a"})").find("at offset 2") != std::string::npos);
  CHECK(refused(R"({"$ref":"#/$defs/x"})").find("does not exist") != std::string::npos);
  CHECK(refused(R"({"$ref":"#x"})").find("no anchor") != std::string::npos);
  CHECK(refused(R"({"$ref":"https://a.example/s"})").find("not fetched") != std::string::npos);
  CHECK(refused(R"({"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}})").find("a second schema") !=
        std::string::npos);
  CHECK(refused(R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})").find("second") !=
        std::string::npos);
}

TEST_CASE("A schema beyond a limit is too large") {
  CHECK(refusal({{"const", nested_array(limits::schema_depth)}}).code() == mcp::errc::too_large);
  CHECK(refusal({{"const", nested_array(limits::schema_depth - 1)}}).message() == "accepted");
  CHECK(refusal({{"anyOf", std::vector<bool>(limits::schema_nodes, true)}}).code() ==
        mcp::errc::too_large);
  CHECK(refusal({{"pattern", std::string(limits::pattern_bytes + 1, 'a')}}).code() ==
        mcp::errc::too_large);
  CHECK(refusal({{"$id", std::string(limits::uri_bytes + 1, 'a')}}).code() == mcp::errc::too_large);
}

TEST_CASE("A schema that refers only to itself is refused or reported, never followed for ever") {
  CHECK(refused(R"({"$ref":"#"})").find("leads back to itself") != std::string::npos);
  CHECK(refused(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},
      "b":{"$ref":"#/$defs/a"}}})") ==
        R"(JSON Schema, at "/$defs/a/$ref": the reference leads back to itself)");
  CHECK(problem(R"({"anyOf":[{"type":"null"},{"$ref":"#"}]})", "1").find("back to itself") !=
        std::string::npos);
  CHECK_FALSE(fits(R"({"not":{"not":{"$dynamicRef":"#"}}})", "1"));
  CHECK(fits(R"({"properties":{"next":{"$ref":"#"}}})", R"({"next":{"next":{}}})"));
}

TEST_CASE("An instance may be nested up to the limit and no deeper") {
  const json_schema tree{json::parse(R"({"$ref":"#/$defs/t","$defs":{"t":
      {"type":"array","items":{"allOf":[{"$ref":"#/$defs/t"}]}}}})")};
  CHECK(tree.validate(nested_array(limits::instance_depth)).empty());
  const auto found = tree.validate(nested_array(limits::instance_depth + 1));
  REQUIRE(found.size() == 1);
  CHECK(found.front().message.starts_with("nested too deeply"));
}

TEST_CASE("Work that grows exponentially ends as a problem") {
  json schema{{"$defs", {{"s0", {{"type", "integer"}}}}}, {"$ref", "#/$defs/s40"}};
  for (int i = 1; i <= 40; ++i) {
    const json below{{"$ref", "#/$defs/s" + std::to_string(i - 1)}};
    schema["$defs"]["s" + std::to_string(i)] = {{"allOf", {below, below}}};
  }
  const json_schema doubling{std::move(schema)};
  CHECK(too_complex(doubling.validate(1)));
  CHECK_FALSE(doubling.validate("x").empty());
}

TEST_CASE("No negation turns an exhausted budget into success") {
  const json_schema schema{json::parse(
      R"({"not":{"not":{"items":{"pattern":"^(a+)+(a+)+$"}}},
      "items":{"not":{"pattern":"(a+)+b"}}})")};
  CHECK(too_complex(schema.validate(json::array({std::string(5000, 'a') + "c"}))));
}

TEST_CASE("A pattern cannot hang a validation") {
  const std::string text(50'000, 'a');
  for (const auto* pattern : {"^(a+)+$", "(a|a)*b", "(a*)*\\1b", "[a-z]*[12]", ".*a.*a.*b",
                              "(?=(a+))a*b\\1", "^(?:(?R)|a)*$", "(.+)\\1{2}b", "(x+x+)+y"}) {
    CAPTURE(pattern);
    const json_schema schema{{{"pattern", pattern}}};
    const auto found = schema.validate(text + "!");
    REQUIRE(found.size() == 1);
    CHECK(schema.validate("a").size() <= 1);
  }
}

TEST_CASE("A search that starts afresh at every position takes its steps from the budget") {
  const json_schema quadratic{{{"pattern", "[a-z]*[12]"}}};
  CHECK(too_complex(quadratic.validate(std::string(50'000, 'a'))));
  CHECK_FALSE(too_complex(quadratic.validate(std::string(500, 'a'))));
}

TEST_CASE("Unique items of a large array are found without comparing all pairs") {
  json items = json::array();
  for (int i = 0; i < 100'000; ++i) items.push_back({{"id", i}});
  const json_schema unique{{{"uniqueItems", true}}};
  CHECK(unique.validate(items).empty());
  items.push_back({{"id", 0.0}});
  CHECK(unique.validate(items).size() == 1);
}

TEST_CASE("Unique items agree with comparing all pairs") {
  const char* const seed_text = std::getenv("MCP_TEST_SEED");
  const auto seed =
      seed_text != nullptr ? std::strtoul(seed_text, nullptr, 10) : std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  const auto pool = json::parse(R"([null,true,false,0,0.0,-0.0,1,1.5,-1,"","0",[],[0],[0.0],[[]],{},
      {"a":0},{"a":0.0},{"b":0},{"a":0,"b":1},9223372036854775807,-9223372036854775808,1e19])");
  const json_schema unique{{{"uniqueItems", true}}};
  for (int round = 0; round < 500; ++round) {
    json items = json::array();
    for (std::size_t i = random() % 8; i > 0; --i) items.push_back(pool[random() % pool.size()]);
    bool differ = true;
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) differ = differ && items[i] != items[k];
    }
    CAPTURE(items.dump());
    REQUIRE(unique.validate(items).empty() == differ);
  }
}

TEST_CASE("One schema is used by several threads at once") {
  const json_schema schema{json::parse(
      R"({"items":{"type":"object","patternProperties":{"^(a|b)+$":{"type":"integer"}}}})")};
  const auto good = json::parse(R"([{"ab":1},{"bb":2}])");
  const auto bad = json::parse(R"([{"ab":"x"},{"c":"y"}])");
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (auto& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (!schema.validate(good).empty() || schema.validate(bad).size() != 1) ++count;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
}

TEST_CASE("A schema that was moved from can still be used") {
  json_schema first{json::parse(R"({"type":"null"})")};
  const json_schema second = std::move(first);
  CHECK(second.validate(nullptr).empty());
  CHECK_FALSE(first.validate(1).empty());  // NOLINT(bugprone-use-after-move)
}
