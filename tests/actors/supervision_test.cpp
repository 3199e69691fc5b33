#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

enum class thrown { standard, logic, number, ours, text };

void throw_one(thrown what) {
  switch (what) {
    case thrown::standard:
      throw std::runtime_error{"standard"};
    case thrown::logic:
      throw std::out_of_range{"logic"};
    case thrown::number:
      throw 42;
    case thrown::ours:
      throw error{errc::overloaded, "ours"};
    case thrown::text:
      throw "text";
  }
}

executor_options own_runtime(std::size_t threads = 2) {
  return {.runtime = actor_runtime{{.scheduler_threads = threads}}};
}

/// Waits until the supervisor has seen `count` restarts, through runs that do nothing else.
void until_restarts(executor<notes>& runs, std::size_t count) {
  while (runs.base().restarts() < count) static_cast<void>(runs.run_to_result({}));
}

}  // namespace

TEST_CASE("A node that throws anything is an error of that task and nothing else") {
  const auto what =
      GENERATE(thrown::standard, thrown::logic, thrown::number, thrown::ours, thrown::text);
  const bool blocking = GENERATE(false, true);
  auto one = graph<notes>("one")
                 .node("a",
                       [what](const notes& s) {
                         if (s.topic == "throw") throw_one(what);
                         return update<notes>{}.append(&notes::log, "fine");
                       },
                       {.blocking = blocking})
                 .entry_point("a");
  executor<notes> runs{one};
  const auto ended = runs.run_to_result({.topic = "throw"});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == (what == thrown::ours ? errc::overloaded : errc::node_failed));
  CHECK(ended.info.error->place().node == "a");
  CHECK(ended.info.error->place().graph == "one");
  CHECK(runs.run({}).log == words{"fine"});
  CHECK(runs.base().restarts() == 0);
}

TEST_CASE("A router that throws is an error of the run and nothing else") {
  auto one =
      graph<notes>("one").node("a", logs("a")).entry_point("a").router("a", [](const notes& s) {
        if (s.topic == "throw") throw std::runtime_error{"no way"};
        return end;
      });
  executor<notes> runs{one};
  const auto ended = runs.run_to_result({.topic = "throw"});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(mentions(ended.info.error->message(), "no way"));
  CHECK(runs.run({}).log == words{"a"});
}

TEST_CASE("The task of a node whose actor dies fails, and the actor is restarted") {
  door entered;
  door gate;
  auto one = graph<notes>("one")
                 .node("a",
                       [&](const notes& s) {
                         if (s.topic == "wait") {
                           entered.open();
                           gate.wait();
                         }
                         return update<notes>{}.append(&notes::log, "fine");
                       },
                       {.blocking = true})
                 .entry_point("a");
  executor<notes> runs{one, own_runtime()};
  const opens_at_end safely{gate};
  const auto handle = runs.start(notes{.topic = "wait"});
  entered.wait();
  runs.base().kill_node("a", 0);
  const auto ended = handle.join();
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::actor_died);
  CHECK(runs.base().restarts() == 1);
  CHECK(runs.run({}).log == words{"fine"});
}

TEST_CASE("A task whose actor dies is tried again where its policy says so") {
  const auto strategy = GENERATE(supervision_policy::strategy::one_for_one,
                                 supervision_policy::strategy::one_for_all);
  door entered;
  door gate;
  auto one = graph<notes>("one")
                 .node("a",
                       [&](const notes&, context& ctx) {
                         if (ctx.attempt() == 1) {
                           entered.open();
                           gate.wait();
                         }
                         return update<notes>{}.set(&notes::count, ctx.attempt());
                       },
                       {.retry = retry_policy{.initial_interval = milliseconds{1}, .jitter = false},
                        .blocking = true})
                 .entry_point("a");
  auto options = own_runtime();
  options.supervision.restart = strategy;
  executor<notes> runs{one, options};
  const opens_at_end safely{gate};
  const auto handle = runs.start(notes{});
  entered.wait();
  runs.base().kill_node("a", 0);
  const auto ended = handle.join();
  REQUIRE(ended.done());
  CHECK(ended.state().count == 2);
  CHECK(runs.base().restarts() == 1);
}

TEST_CASE(
    "One for all: with one node's actor the others start again too, one for one leaves them") {
  const auto all = GENERATE(true, false);
  door entered_a;
  door entered_b;
  door again_b;
  door gate;
  const auto waits = [&gate](door& entered, door* again) {
    return [&gate, &entered, again](const notes&, context& ctx) {
      if (ctx.attempt() == 1) {
        entered.open();
        gate.wait();
      } else if (again != nullptr) {
        again->open();
      }
      return update<notes>{}.set(&notes::count, ctx.attempt());
    };
  };
  const node_options again{
      .retry = retry_policy{.initial_interval = milliseconds{1}, .jitter = false},
      .blocking = true};
  auto two = graph<notes>("two")
                 .node("a", waits(entered_a, nullptr), again)
                 .node("b", waits(entered_b, &again_b), again)
                 .entry_point("a")
                 .entry_point("b");
  auto options = own_runtime();
  if (all) options.supervision.restart = supervision_policy::strategy::one_for_all;
  executor<notes> runs{two, options};
  const opens_at_end safely{gate};
  const auto handle = runs.start(notes{});
  entered_a.wait();
  entered_b.wait();
  runs.base().kill_node("b", 0);
  if (!all) {
    again_b.wait();
    gate.open();
  }
  const auto ended = handle.join();
  REQUIRE(ended.done());
  // The attempts of both, summed: with one for all neither waits for the gate any more.
  CHECK(ended.state().count == (all ? 4 : 3));
}

TEST_CASE("An actor that dies too often is not restarted and its tasks fail at once") {
  auto one = graph<notes>("one").node("a", logs("fine"), {.blocking = true}).entry_point("a");
  auto options = own_runtime();
  options.supervision.intensity = 1;
  executor<notes> runs{one, options};
  runs.base().kill_node("a", 0);
  until_restarts(runs, 1);
  // The new actor is in the table once a run gets through.
  while (!runs.run_to_result({}).done()) continue;
  runs.base().kill_node("a", 0);
  until_restarts(runs, 2);
  std::string message;
  while (!mentions(message, "not restarted")) {
    const auto ended = runs.run_to_result({});
    if (ended.info.error) message = ended.info.error->message();
  }
  CHECK(runs.run_to_result({}).info.error->code() == errc::actor_died);
}

TEST_CASE("To kill the actor of an unknown node is an error") {
  executor<notes> runs{graph<notes>("one").node("a", logs("a")).entry_point("a")};
  CHECK_THROWS_AS(runs.base().kill_node("zebra", 0), error);
  CHECK_THROWS_AS(runs.base().kill_node("a", 1000), error);
}

TEST_CASE("An executor can be destroyed with runs under way") {
  const scenario_store box{any_store()};
  door entered;
  door gate;
  auto slow = graph<notes>("slow")
                  .node("a",
                        [&](const notes&) {
                          entered.open();
                          gate.wait();
                        },
                        {.blocking = true})
                  .node("b", logs("b"))
                  .entry_point("a")
                  .edge("a", "b");
  const actor_runtime keeps_threads = actor_runtime::shared();
  const opens_at_end safely{gate};
  std::optional<run_handle<notes>> handle;
  {
    executor<notes> runs{slow, box.options()};
    handle = runs.start(notes{}, {.thread_id = "t"});
    entered.wait();
  }
  const auto ended = handle->join();
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::shutting_down);
  gate.open();
  if (!box.options().store) return;
  executor<notes> next{slow, box.options()};
  const auto recovered = next.recovered();
  REQUIRE(recovered.size() == 1);
  CHECK(recovered.front().thread_id() == "t");
  const auto finished = recovered.front().join();
  REQUIRE(finished.done());
  CHECK(finished.state().log == words{"b"});
}

TEST_CASE("Two hundred runs at once on one executor do not disturb one another") {
  const scenario_store box{any_store()};
  auto loop = graph<notes>("loop")
                  .node("plain",
                        [](const notes& s) {
                          return update<notes>{}.append(&notes::log, s.topic).set(&notes::count, 1);
                        })
                  .node("blocks",
                        [](const notes& s) { return update<notes>{}.append(&notes::log, s.topic); },
                        {.blocking = true})
                  .entry_point("plain")
                  .edge("plain", "blocks")
                  .router("blocks", [](const notes& s) { return s.count < 5 ? "plain" : end; });
  executor<notes> runs{loop, box.options()};
  std::vector<run_handle<notes>> all;
  for (int i = 0; i < 200; ++i) all.push_back(runs.start(notes{.topic = std::to_string(i)}));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto ended = all[i].join();
    REQUIRE(ended.done());
    CHECK(ended.state().log == words(10, std::to_string(i)));
  }
}

}  // namespace mcp::test
