// Prompts and templates of resources.
#include "agents/mcp_http_script.hpp"
#include "support/catch.hpp"
#include "support/code_of.hpp"

#include <future>

namespace mcp::test {

using ::test::connection;

TEST_CASE("Prompts of an MCP server are listed, and made with their arguments") {
  nlohmann::json asked;
  std::string made = R"({"description":"Greets.","messages":[
      {"role":"user","content":{"type":"text","text":"Say hello to Ann."}},
      {"role":"assistant","content":{"type":"image","data":"AA==","mimeType":"image/png"}},
      {"role":"user","content":{"type":"resource","resource":{"uri":"a:b","text":"a note"}}}]})";
  http_mcp_server server{
      {{"prompts/list",
        [](connection& link, const heard_request& request) {
          return link.send(::test::answer(
              200, "application/json",
              request.result(R"({"prompts":[{"name":"greet","description":"Greets.","arguments":[
                  {"name":"who","description":"a name","required":true},{"name":"how"}]}]})")));
        }},
       {"prompts/get", [&](connection& link, const heard_request& request) {
          asked = request.said["params"];
          return link.send(::test::answer(200, "application/json", request.result(made)));
        }}}};
  const auto client = mcp_client::connect(server.options());
  const auto prompts = client->prompts();
  REQUIRE(prompts.size() == 1);
  CHECK(prompts[0].name == "greet");
  CHECK(prompts[0].description == "Greets.");
  REQUIRE(prompts[0].arguments.size() == 2);
  CHECK(prompts[0].arguments[0].required);
  CHECK(prompts[0].arguments[1].name == "how");
  CHECK_FALSE(prompts[0].arguments[1].required);

  const auto said = client->prompt("greet", {{"who", "Ann"}});
  CHECK(asked["name"] == "greet");
  CHECK(asked["arguments"] == nlohmann::json{{"who", "Ann"}});
  REQUIRE(said.size() == 3);
  CHECK(said[0] == user_message("Say hello to Ann."));
  CHECK(said[1] == assistant_message("[image, not shown]"));
  CHECK(said[2] == user_message("a note"));

  std::promise<mcp_prompt_result> later;
  const auto stop = client->start_prompt(
      "greet", {}, [&](mcp_prompt_result result) { later.set_value(std::move(result)); });
  CHECK(later.get_future().get().messages == said);
  stop();  // too late, and no harm
  for (const auto* const wrong :
       {R"({"messages":7})", R"({"messages":[{"role":"system","content":{}}]})", "[]"}) {
    made = wrong;
    CHECK(code_of([&] { static_cast<void>(client->prompt("greet", {})); }) ==
          errc::malformed_answer);
  }
}

TEST_CASE("A prompt of an MCP server that is not wanted any more is let go of") {
  http_mcp_server server{{{"prompts/get", [](connection&, const heard_request&) { return true; }}}};
  const auto client = mcp_client::connect(server.options());
  std::promise<mcp_prompt_result> ended;
  const auto stop = client->start_prompt(
      "greet", {}, [&](mcp_prompt_result result) { ended.set_value(std::move(result)); });
  server.wait_for("prompts/get", 1);
  stop();
  const auto result = ended.get_future().get();
  REQUIRE(result.error);
  CHECK(result.error->code() == errc::cancelled);
}

TEST_CASE("Templates of resources of an MCP server are listed") {
  http_mcp_server server{
      {{"resources/templates/list", [](connection& link, const heard_request& request) {
          return link.send(::test::answer(
              200, "application/json",
              request.result(R"({"resourceTemplates":[{"uriTemplate":"note:{id}","name":"note",
                  "description":"A note.","mimeType":"text/plain"},7]})")));
        }}}};
  const auto client = mcp_client::connect(server.options());
  const auto found = client->resource_templates();
  REQUIRE(found.size() == 2);
  CHECK(found[0].uri_template == "note:{id}");
  CHECK(found[0].name == "note");
  CHECK(found[0].mime_type == "text/plain");
}

}  // namespace mcp::test
