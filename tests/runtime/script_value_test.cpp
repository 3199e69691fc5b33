#include "mcp/json.hpp"
#include "script/sandbox.hpp"
#include "support/catch.hpp"

using namespace mcp;
using namespace mcp::cluster;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

json through(const json& content, const std::string& text = "return value") {
  sandbox box{{}};
  box.set("value", content);
  return box.call(compiled_script{{"test.yaml", 1, text}, compiled_script::form::body});
}

json of_state(const json_state& state, const std::string& text) {
  sandbox box{{}};
  box.set_state("state", state);
  return box.call(compiled_script{{"test.yaml", 1, text}, compiled_script::form::body});
}

json_state some_state() {
  return {make_json_state_type("s", json::parse(R"({"properties": {
            "question": {"type": "string"}, "notes": {"type": "array", "x-reducer": "append"},
            "approved": {}, "messages": {"x-reducer": "add_messages"}}})")),
          json{{"question", "why?"},
               {"notes", {"a", "b"}},
               {"messages", {{{"role", "user"}, {"content", "hi"}}}}}};
}

}  // namespace

TEST_CASE("JSON goes into Lua and comes back the same") {
  for (const auto* text :
       {"null", "true", "3", "-9007199254740993", "2.5", R"("text \u00e9 \u0000 end")", "[]", "{}",
        "[1,[2,[]],null,{\"a\":[]}]", R"({"a":{"b":[true,false]},"c":""})", "1e300"}) {
    INFO(text);
    CHECK(through(json::parse(text)).dump() == json::parse(text).dump());
  }
  CHECK(through(json::parse("18446744073709551615")).is_number_float());
}

TEST_CASE("Tables become lists and objects by their keys") {
  CHECK(through({}, "return {1, 'two', {three = 3}}") == json{1, "two", {{"three", 3}}});
  CHECK(through({}, "return {}") == json::object());
  CHECK(through({}, "return list{}") == json::array());
  CHECK(through({}, "return {null, 1}") == json{nullptr, 1});
  CHECK(through({}, "return json.decode('[1, {\"a\": null}]')") == json::parse(R"([1, {}])"));
  CHECK(through({}, "return json.encode({b = list{}, a = 1})") == R"({"a":1,"b":[]})");
}

TEST_CASE("Values that JSON has not are refused, and so are those beyond the limits") {
  const auto refused = [](const std::string& text) {
    try {
      static_cast<void>(through({}, text));
    } catch (const error& reason) {
      return reason.message();
    }
    return std::string{"accepted"};
  };
  CHECK_THAT(refused("return {f = function() end}"), Contains("function"));
  CHECK_THAT(refused("return 0/0"), Contains("not a number"));
  CHECK_THAT(refused("return {1, a = 2}"), Contains("mixes"));
  CHECK_THAT(refused("return {[1] = 1, [3] = 3}"), Contains("list"));
  CHECK_THAT(refused("return {[true] = 1}"), Contains("key"));
  CHECK_THAT(refused("return '\\xff'"), Contains("UTF-8"));
  CHECK_THAT(refused("local t = {} local u = t for i = 1, 300 do t.n = {} t = t.n end return u"),
             Contains("200 levels"));
  CHECK_THAT(refused("local t = {1,1,1,1,1,1,1,1,1,1} for i = 1, 9 do t = {t,t,t,t,t,t,t,t,t,t} "
                     "end return t"),
             Contains("1000000 entries"));
  CHECK_THAT(refused("local s = string.rep('x', 1 << 20) local t = {} for i = 1, 100 do t[i] = s "
                     "end return t"),
             Contains("too large"));
  CHECK_THAT(refused("return json.decode('[1')"), Contains("json.decode"));
  CHECK_THAT(refused("return json.decode(string.rep('[', 10000) .. string.rep(']', 10000))"),
             Contains("200 levels"));
  auto deep = json{1};
  for (int i = 0; i < 300; ++i) deep = json::array({std::move(deep)});
  CHECK_THROWS_WITH(through(deep), Contains("200 levels"));
}

TEST_CASE("A script reads the fields of the state and cannot change them") {
  const auto state = some_state();
  CHECK(of_state(state, "return state.question .. #state.notes .. state.messages[1].content") ==
        "why?2hi");
  CHECK(of_state(state, "return state.approved == nil") == true);
  CHECK(of_state(state, "table.insert(state.notes, 'c') return #state.notes") == 3);
  CHECK(of_state(state, "local n = 0 for k in pairs(state) do n = n + 1 end return n") == 3);
  CHECK(state.at("notes").size() == 2);
  CHECK_THROWS_WITH(of_state(state, "state.question = 'x'"), Contains("read-only"));
  CHECK_THROWS_WITH(of_state(state, "return state.qestion"),
                    Contains("no field \"qestion\", did you mean \"question\"?"));
}
