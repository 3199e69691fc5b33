#include "cluster_file/scalar.hpp"
#include "cluster_file/yaml_tree.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace mcp::cluster;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

std::string problems_of(const std::string& text) {
  problem_list problems{"f.yaml"};
  static_cast<void>(read_yaml(text, problems));
  return to_text(problems.sorted());
}

json value_of(const std::string& text) {
  problem_list problems{"f.yaml"};
  const auto tree = read_yaml(text, problems);
  INFO(to_text(problems.sorted()));
  REQUIRE(tree);
  return to_json(*tree);
}

}  // namespace

TEST_CASE("YAML values are read by the core schema") {
  CHECK(value_of("a: 1\nb: 2.5\nc: 'true'\nd: true\ne: ~\nf: [x, \"1\"]\ng: {h: -3}") ==
        json::parse(R"({"a":1,"b":2.5,"c":"true","d":true,"e":null,"f":["x","1"],"g":{"h":-3}})"));
  CHECK(value_of("a: &x {n: 1}\nb: *x") == json::parse(R"({"a":{"n":1},"b":{"n":1}})"));
  CHECK(value_of("a: 1.2.3\nb: infinity\nc: 0x10\nd: nan") ==
        json::parse(R"({"a":"1.2.3","b":"infinity","c":"0x10","d":"nan"})"));
}

TEST_CASE("Text that is not YAML is refused at its place") {
  CHECK_THAT(problems_of("a: 1\n  b: 2\n"), Contains("f.yaml:2:"));
  CHECK_THAT(problems_of("a:\n\tb: 1\n"), Contains("f.yaml:2:1: a tab stands in the indentation"));
  CHECK_THAT(problems_of("a: [1, 2\nb: 3\n"), Contains("this is not YAML"));
  CHECK_THAT(problems_of("a: \"open\n"), Contains("this is not YAML"));
  CHECK_THAT(problems_of("a: 'open\nb: 1\n"), Contains("this is not YAML"));
  CHECK(problems_of("a: 1\n...\n") == "");
  CHECK(value_of("a: |\n  x\n") == json{{"a", "x\n"}});
  CHECK_THAT(problems_of(""), Contains("empty"));
  CHECK_THAT(problems_of("a: 1\n---\nb: 2\n"), Contains("second document"));
  CHECK_THAT(problems_of("a: *nothing\n"), Contains("f.yaml:1:"));
  CHECK_THAT(problems_of("a: !!binary aGk=\n"), Contains("tag"));
}

TEST_CASE("A key that stands twice is told with both places") {
  CHECK(problems_of("a: 1\nb:\n  c: 1\n  c: 2\n") ==
        "f.yaml:4:3: the key \"c\" is there twice, first at line 3; remove one of them");
  CHECK_THAT(problems_of("? [a, b]\n: 1\n"), Contains("a key is a list"));
}

TEST_CASE("A small file cannot stand for a large tree") {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    bomb += std::string{c} + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string{i > 0 ? "," : ""} + "*" + char(c - 1);
    bomb += "]\n";
  }
  CHECK_THAT(problems_of(bomb), Contains("more than 10000 mappings"));
  CHECK_THAT(problems_of("a: &a [*a]\n"), Contains("inside of what it stands for"));
  std::string many;
  for (int i = 0; i < 6000; ++i) many += "k" + std::to_string(i) + ": [v]\n";
  CHECK_THAT(problems_of(many), Contains("more than 10000"));
}

TEST_CASE("Deep nesting is refused whatever way it is written") {
  CHECK_THAT(problems_of(std::string(65, '[') + std::string(65, ']')), Contains("64 levels"));
  CHECK_THAT(problems_of(std::string(500'000, '[')), Contains("f.yaml:1:"));
  CHECK_THAT(problems_of(std::string(500'000, '{')), Contains("f.yaml:1:"));
  std::string lists;
  for (int i = 0; i < 3000; ++i) lists += "- ";
  CHECK_THAT(problems_of(lists + "x"), Contains("f.yaml:1:"));
  std::string step = "x: &a0 [1]\n";
  for (int i = 1; i < 70; ++i) {
    step += "y" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  CHECK_THAT(problems_of(step), Contains("64 levels"));
  CHECK_THAT(problems_of(std::string((1u << 20) + 1, 'x')), Contains("larger than"));
}

TEST_CASE("Durations have a unit") {
  using std::chrono::milliseconds;
  CHECK(parse_duration("500ms") == milliseconds{500});
  CHECK(parse_duration("30s") == milliseconds{30'000});
  CHECK(parse_duration("2h") == milliseconds{7'200'000});
  CHECK(parse_duration("30d") == milliseconds{2'592'000'000});
  CHECK(parse_duration("3650d").has_value());
  for (const auto* wrong :
       {"", "5", "s", "-1s", "1.5s", "1 s", "1w", "3651d", "99999999999999999999s", "99999999h"}) {
    INFO(wrong);
    CHECK_FALSE(parse_duration(wrong));
  }
}

TEST_CASE("Variables of the environment are put in, but not in scripts, and never keys") {
  problem_list problems{"f.yaml"};
  auto tree = read_yaml(
      "a: ${HOST}:${PORT:-80}\nn: ${COUNT}\nb: $${HOST}\nlua: ${HOST}\nc: ${NONE}\n"
      "d: ${OPENAI_API_KEY}\ne: ${HOST\n",
      problems);
  REQUIRE(tree);
  substitute(
      *tree,
      [](const std::string& name) -> std::optional<std::string> {
        if (name == "HOST") return "box";
        if (name == "COUNT") return "3";
        if (name == "OPENAI_API_KEY") return "secret";
        return std::nullopt;
      },
      problems);
  const auto value = to_json(*tree);
  CHECK(value["a"] == "box:80");
  CHECK(value["n"] == 3);
  CHECK(value["b"] == "${HOST}");
  CHECK(value["lua"] == "${HOST}");
  CHECK(value.dump().find("secret") == std::string::npos);
  const auto text = to_text(problems.sorted());
  CHECK_THAT(text, Contains("f.yaml:5:4: the variable NONE is not set"));
  CHECK_THAT(text, Contains("f.yaml:6:4: the variable OPENAI_API_KEY holds a key"));
  CHECK_THAT(text, Contains("f.yaml:7:4: \"${\" is not closed"));
}
