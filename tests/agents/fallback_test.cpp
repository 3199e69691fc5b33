#include "agents/virtual_loop.hpp"
#include "mcp/agents/model_policies.hpp"
#include "providers/scripted_model.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
using mcp::chat_delta;
using mcp::errc;
using mcp::test::virtual_loop;

namespace {

std::shared_ptr<mcp::chat_model> one(virtual_loop& loop, std::string name,
                                     mcp::scripted_answer answer,
                                     std::vector<std::string>* asked = nullptr) {
  answer.delay = 1s;
  return mcp::providers::make_scripted_model(
      {.name = name,
       .rules = {{.answer =
                      [=](const mcp::chat_request& r) {
                        if (asked != nullptr) asked->push_back(name + ":" + r.model);
                        return answer;
                      }}}},
      &loop);
}

mcp::scripted_answer fails(errc code, std::string text = "") {
  return {.text = std::move(text),
          .failure = mcp::model_failure{.error = mcp::error{code, "broken"}}};
}

}  // namespace

TEST_CASE("The next model is asked when one fails, and void text is called back") {
  virtual_loop loop;
  std::vector<std::string> asked;
  const auto model =
      mcp::with_fallbacks({one(loop, "a", fails(errc::quota_exhausted, "beg"), &asked),
                           one(loop, "b", fails(errc::model_rejected), &asked),
                           one(loop, "c", {.text = "yes"}, &asked)});
  CHECK(model->name() == "a");
  std::string heard;
  std::vector<mcp::chat_outcome> ends;
  model->start({.model = "a-large", .messages = {mcp::user_message("go")}},
               {.on_delta =
                    [&](const chat_delta& d) {
                      heard += d.what == chat_delta::kind::restart ? "|" : d.text;
                    },
                .on_end = [&](mcp::chat_outcome o) { ends.push_back(std::move(o)); }});
  loop.run();
  REQUIRE(ends.size() == 1);
  REQUIRE(ends[0].answer);
  CHECK(ends[0].answer->reply.content == "yes");
  CHECK(ends[0].answer->model == "c");
  CHECK(heard == "beg|yes");
  CHECK(asked == std::vector<std::string>{"a:a-large", "b:", "c:"});
}

TEST_CASE("When all models fail the error tells about each of them") {
  virtual_loop loop;
  const auto model = mcp::with_fallbacks(
      {one(loop, "a", fails(errc::quota_exhausted)), one(loop, "b", fails(errc::server_failed))});
  std::vector<mcp::chat_outcome> ends;
  model->start({.messages = {mcp::user_message("go")}},
               {.on_end = [&](mcp::chat_outcome o) { ends.push_back(std::move(o)); }});
  loop.run();
  REQUIRE(ends.size() == 1);
  REQUIRE(ends[0].failure);
  CHECK(ends[0].failure->error.code() == errc::server_failed);
  CHECK_THAT(ends[0].failure->error.message(), Catch::Contains("a before it"));
}

TEST_CASE("A cancelled call does not go on with the next model") {
  virtual_loop loop;
  std::vector<std::string> asked;
  const auto model = mcp::with_fallbacks(
      {one(loop, "a", {.text = "x"}, &asked), one(loop, "b", {.text = "y"}, &asked)});
  std::vector<mcp::chat_outcome> ends;
  const auto call =
      model->start({.messages = {mcp::user_message("go")}},
                   {.on_end = [&](mcp::chat_outcome o) { ends.push_back(std::move(o)); }});
  call->cancel();
  loop.run();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].failure->error.code() == errc::cancelled);
  CHECK(asked.size() == 1);
}

TEST_CASE("A chain of no models, of too many, or with a hole is refused") {
  CHECK_THROWS_AS(mcp::with_fallbacks({}), mcp::error);
  CHECK_THROWS_AS(mcp::with_fallbacks({nullptr}), mcp::error);
  virtual_loop loop;
  CHECK_THROWS_AS(mcp::with_fallbacks(std::vector(17, one(loop, "a", {}))), mcp::error);
}
