#include "mcp/json.hpp"
#include "mcp/json_schema.hpp"
#include "mcp/testkit.hpp"
#include "support/catch.hpp"

using namespace mcp;
using nlohmann::json;

namespace {

json chat_schema() {
  return json::parse(R"({
    "type": "object",
    "$defs": {"step": {"type": "object", "properties": {"name": {"type": "string"}},
                       "required": ["name"]}},
    "properties": {
      "question": {"type": "string", "description": "what the user wants"},
      "log": {"type": "array", "items": {"type": "string"}, "x-reducer": "append"},
      "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "x-reducer": "append"},
      "score": {"type": "integer", "x-reducer": "sum", "default": 1},
      "best": {"type": "number", "x-reducer": "maximum"},
      "facts": {"type": "object", "x-reducer": "merge"},
      "messages": {"x-reducer": "add_messages"},
      "ready": {"x-reducer": {"barrier": ["a", "b"]}},
      "secret": {"type": "string", "x-visibility": "internal", "default": "k"},
      "hint": {"type": ["string", "null"], "x-reducer": "ephemeral"}
    }
  })");
}

std::shared_ptr<const state_type> chat_type() {
  return make_json_state_type("chat", chat_schema());
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const error& what) {
    return std::string{name(what.code())} + ": " + what.message();
  }
  return {};
}

}  // namespace

TEST_CASE("A dynamic state starts with the defaults of its schema") {
  const json_state state{chat_type()};
  CHECK(json(state.to_json()) == json::parse(R"({"question":"","log":[],"steps":[],"score":1,
    "best":0,"facts":{},"messages":[],"ready":[],"secret":"k","hint":null})"));
}

TEST_CASE("A dynamic state refuses unknown fields and values that do not fit") {
  const auto type = chat_type();
  CHECK(message_of([&] {
          json_state(type, {{"qestion", "x"}});
        }) ==
        "invalid_argument: the state \"chat\" has no field \"qestion\", did you mean "
        "\"question\"?");
  const auto wrong = message_of([&] { json_state(type, {{"question", 7}}); });
  CHECK(wrong.find("invalid_state: /question: ") == 0);
  const auto inside = message_of([&] {
    json_state(type, {{"steps", {{{"name", "a"}}, {{"name", 3}}}}});
  });
  CHECK(inside.find("invalid_state: /steps/1/name: ") == 0);
  CHECK(message_of([&] { json_state(type, json::array()); }) ==
        "invalid_state: a state is a JSON object");
}

TEST_CASE("The reducers of a dynamic state merge as those of a typed one") {
  const auto type = chat_type();
  json_state state{type, {{"log", {"one"}}, {"best", 2.5}, {"facts", {{"a", 1}}}}};
  state = testkit::apply(std::move(state), update<json_state>{type}
                                               .append("log", "two")
                                               .set("score", 41)
                                               .set("best", 1)
                                               .set("facts", {{"b", nullptr}})
                                               .set("ready", {"b"})
                                               .set("messages", {{"role", "user"}}));
  CHECK(state.at("log") == json{"one", "two"});
  CHECK(state.at("score") == 42);
  CHECK(state.at("best") == 2.5);
  CHECK(state.at("facts") == json::parse(R"({"a":1,"b":null})"));
  CHECK(state.at("ready") == json{"b"});
  REQUIRE(state.messages("messages").size() == 1);
  CHECK(state.get("messages")[0]["role"] == "user");
  CHECK_THROWS_AS(state.at("messages"), error);
  CHECK_THROWS_AS(state.messages("log"), error);
}

TEST_CASE("A write to a dynamic state is checked when it is made") {
  update<json_state> change{chat_type()};
  CHECK(message_of([&] { change.append("log", 3); }).find("invalid_state: /log/0: ") == 0);
  CHECK(message_of([&] { change.set("score", "many"); }).find("invalid_state: /score: ") == 0);
  CHECK(message_of([&] { change.set("scor", 1); }).find("did you mean \"score\"") !=
        std::string::npos);
  CHECK(change.empty());
}

TEST_CASE("A barrier of a dynamic state takes only the names it awaits") {
  const auto type = chat_type();
  const json_state state{type};
  CHECK_THROWS_AS(testkit::apply(state, update<json_state>{type}.set("ready", {"c"})), error);
}

TEST_CASE("Input and output schemas of a dynamic state leave out what is internal") {
  const auto type = chat_type();
  const auto input = json::parse(input_schema(*type));
  CHECK_FALSE(input["properties"].contains("secret"));
  CHECK(input["properties"]["question"]["description"] == "what the user wants");
  CHECK(input["properties"]["score"]["default"] == 1);
  const json_schema compiled{input};
  CHECK(compiled.validate({{"question", "x"}, {"steps", {{{"name", "n"}}}}}).empty());
  CHECK_FALSE(compiled.validate({{"steps", {{{"nam", "n"}}}}}).empty());
}

TEST_CASE("A schema that cannot be a state is refused with the place") {
  const auto refused = [](const char* schema) {
    return message_of([&] { static_cast<void>(make_json_state_type("s", json::parse(schema))); });
  };
  CHECK(refused("[]").find("invalid_schema") == 0);
  CHECK(refused("{}").find("invalid_schema: /properties") == 0);
  CHECK(refused(R"({"properties":{"a":3}})").find("invalid_schema: /properties/a") == 0);
  CHECK(refused(R"({"properties":{"a":{"x-reducer":"apend"}}})").find("known are: last_value") !=
        std::string::npos);
  CHECK(refused(R"({"properties":{"a":{"x-reducer":{"barrier":[]}}}})").find("/properties/a") !=
        std::string::npos);
  CHECK(refused(R"({"properties":{"a":{"x-visibility":"hidden"}}})").find("known are: both") !=
        std::string::npos);
  CHECK(refused(R"({"properties":{"a":{"type":"string","x-reducer":"append"}}})")
            .find("needs the type \"array\"") != std::string::npos);
  CHECK(refused(R"({"properties":{"a":{"$ref":"#/$defs/none"}}})").find("/properties/a") !=
        std::string::npos);
}

TEST_CASE("JSON values keep their numbers through CBOR") {
  const json value = json::parse(
      R"([0, -1, 9223372036854775807, 18446744073709551615, -9223372036854775808, 0.1, 1e300,
          true, null, "text", {"nested": [[]]}])");
  CHECK(from_cbor<json>(to_cbor(value)) == value);
  CHECK_THROWS_AS(to_cbor(json::binary({1, 2})), error);
}

TEST_CASE("JSON deeper than the limit is refused, not followed") {
  json deep = 1;
  for (int i = 0; i < 1000; ++i) deep = json::array({std::move(deep)});
  CHECK(message_of([&] { static_cast<void>(to_cbor(deep)); }).find("too_large") == 0);
}

TEST_CASE("A field's reducer may be a function of the caller's") {
  const std::map<std::string, json_reducer_function> own{
      {"longest",
       [](json current, json incoming) {
         const bool longer = incoming.get<std::string>().size() > current.get<std::string>().size();
         return longer ? incoming : current;
       }},
      {"broken", [](json, json) -> json { throw std::runtime_error{"no idea"}; }},
      {"liar", [](json, json) { return json(7); }}};
  const auto type = make_json_state_type("s", json::parse(R"({"properties": {
    "best": {"type": "string", "x-reducer": "longest"},
    "bad": {"type": "string", "x-reducer": "broken", "default": "as it was"},
    "odd": {"type": "string", "x-reducer": "liar", "default": "as it was"}}})"),
                                         own);
  json_state state{type};
  const auto write = [&](const char* field, const char* text) {
    auto writes = update<json_state>{type}.set(field, text).take();
    type->at(writes.front().channel).reduce(&state, std::move(writes.front().content), nullptr);
  };
  for (const auto* text : {"ab", "abcd", "abc"}) write("best", text);
  CHECK(state.at("best") == "abcd");
  CHECK(message_of([&] { write("bad", "x"); }) ==
        "invalid_update: the reducer of the field \"bad\" failed: no idea");
  CHECK(message_of([&] { write("odd", "x"); }).starts_with("invalid_state: /odd: "));
  CHECK(state.at("bad") == "as it was");
  CHECK(state.at("odd") == "as it was");
  CHECK(message_of([&] {
          static_cast<void>(make_json_state_type(
              "s", json::parse(R"({"properties": {"a": {"x-reducer": "longets"}}})"), own));
        }).find("x-reducer is \"longets\"") != std::string::npos);
}
