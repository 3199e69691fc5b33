#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

graph<notes> one_node(std::function<void(const notes&, context&, reply<notes>)> node) {
  return graph<notes>("durable").node("a", std::move(node)).entry_point("a");
}

}  // namespace

TEST_CASE("What a node does once it is durable may itself wait for the store") {
  const scenario_store box{any_store()};
  std::atomic<int> effects{0};
  executor<notes> runs{one_node([&](const notes&, context& ctx, reply<notes> answer) {
                         ctx.when_durable([&effects, &ctx, answer] {
                           const auto made = ctx.once("key", [&] { return ++effects; });
                           answer.done(update<notes>{}.set(&notes::count, made));
                         });
                       }),
                       box.options()};
  const auto ended = runs.run_to_result({}, {.thread_id = "t"});
  ended.check();
  CHECK(ended.state().count == 1);
  CHECK(effects == 1);
}

TEST_CASE("What is thrown once it is durable fails the task, and the store goes on") {
  const scenario_store box{stored_in::sqlite};
  std::atomic<bool> broken{true};
  executor<notes> runs{one_node([&](const notes&, context& ctx, reply<notes> answer) {
                         ctx.when_durable([&broken, answer] {
                           if (broken) throw std::runtime_error{"no"};
                           answer.done(update<notes>{}.set(&notes::answer, "yes"));
                         });
                       }),
                       box.options()};
  const auto failed = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(failed.status() == run_status::failed);
  CHECK(failed.info.error->code() == errc::reply_dropped);
  broken = false;
  CHECK(runs.resume("t").join().state().answer == "yes");
}

}  // namespace mcp::test
