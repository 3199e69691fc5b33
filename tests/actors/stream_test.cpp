#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

graph<notes> talker() {
  return graph<notes>("talker")
      .node("a",
            [](const notes&, context& ctx) {
              ctx.emit("progress", 50);
              ctx.emit_message(assistant_message("hello"));
              return update<notes>{}.append(&notes::log, "a");
            })
      .node("b", logs("b"))
      .entry_point("a")
      .edge("a", "b");
}

std::vector<run_event> all_of(event_stream events) {
  std::vector<run_event> list;
  while (auto event = events.next()) list.push_back(std::move(*event));
  return list;
}

words kinds_of(const std::vector<run_event>& events) {
  words list;
  for (const auto& one : events) {
    std::string text{name(one.kind)};
    if (one.kind == event_kind::tasks || one.kind == event_kind::lifecycle) text += ":" + one.name;
    list.push_back(one.node.empty() ? text : text + "@" + one.node);
  }
  return list;
}

event_mask only(event_kind kind) {
  return static_cast<event_mask>(kind);
}

}  // namespace

TEST_CASE("The events of a run come in their order and are numbered without gaps") {
  const scenario_store box{any_store()};
  executor<notes> runs{talker(), box.options()};
  const auto handle = runs.start(notes{}, {.events = all_events});
  const auto events = all_of(handle.stream());
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].number == i + 1);
  CHECK(kinds_of(events) == words{"lifecycle:started", "checkpoints", "values", "tasks:started@a",
                                  "custom@a", "messages@a", "updates@a", "tasks:finished@a",
                                  "checkpoints", "values", "tasks:started@b", "updates@b",
                                  "tasks:finished@b", "checkpoints", "values", "lifecycle:done"});
}

TEST_CASE("Events carry what they are about") {
  const scenario_store box{real_store()};
  executor<notes> runs{talker(), box.options()};
  const auto handle = runs.start(notes{.topic = "owls"}, {.thread_id = "t", .events = all_events});
  REQUIRE(handle.join().done());
  words checkpoints;
  for (const auto& one : all_of(handle.stream())) {
    if (one.kind == event_kind::custom) {
      CHECK(one.name == "progress");
      CHECK(one.json == "50");
      CHECK(one.attempt == 1);
    }
    if (one.kind == event_kind::messages) CHECK(mentions(one.json, "\"hello\""));
    if (one.kind == event_kind::updates) CHECK(one.json == "{\"log\":[\"" + one.node + "\"]}");
    if (one.kind == event_kind::checkpoints) checkpoints.push_back(one.name);
    if (one.kind == event_kind::values) CHECK(one.state.as<notes>().topic == "owls");
  }
  words stored;
  for (const auto& entry : runs.history("t")) stored.insert(stored.begin(), entry.info.id.text());
  CHECK(checkpoints == stored);
}

TEST_CASE("Only the kinds that were asked for are recorded") {
  executor<notes> runs{talker()};
  const auto handle = runs.start(notes{}, {.events = event_kind::custom | event_kind::lifecycle});
  CHECK(kinds_of(all_of(handle.stream())) ==
        words{"lifecycle:started", "custom@a", "lifecycle:done"});
  CHECK(all_of(runs.start(notes{}).stream()).empty());
}

TEST_CASE("A late subscriber starts from the number it wants") {
  executor<notes> runs{talker()};
  const auto handle = runs.start(notes{}, {.events = all_events});
  REQUIRE(handle.join().done());
  const auto all = all_of(handle.stream());
  const auto rest = all_of(handle.stream(5));
  REQUIRE(rest.size() == all.size() - 4);
  CHECK(rest.front().number == 5);
  auto beyond = handle.stream(1000);
  CHECK_FALSE(beyond.poll().has_value());
  CHECK_FALSE(beyond.next().has_value());
}

TEST_CASE("A subscriber that is too late is told so once and goes on with the oldest event kept") {
  executor<notes> runs{talker()};
  const auto handle = runs.start(notes{}, {.events = all_events, .event_capacity = 4});
  REQUIRE(handle.join().done());
  auto events = handle.stream();
  CHECK(code_of([&] { return events.next(); }) == errc::event_gone);
  const auto rest = all_of(events);
  REQUIRE(rest.size() == 4);
  CHECK(rest.front().number == 13);
  CHECK(rest.back().name == "done");
}

TEST_CASE("The recorded events of a run hold only so many bytes") {
  constexpr std::size_t big = max_event_bytes / 4 + 1;
  executor<notes> runs{graph<notes>("one")
                           .node("a",
                                 [](const notes&, context& ctx) {
                                   for (int i = 0; i < 5; ++i) ctx.emit("big", std::string(big, 'x'));
                                 })
                           .entry_point("a")};
  const auto handle = runs.start(notes{}, {.events = static_cast<event_mask>(event_kind::custom)});
  REQUIRE(handle.join().done());
  auto events = handle.stream();
  CHECK(code_of([&] { return events.next(); }) == errc::event_gone);
  const auto rest = all_of(events);
  REQUIRE(rest.size() == 3);
  CHECK(rest.back().number == 5);
}

TEST_CASE("Interrupts and errors are events") {
  const scenario_store box{real_store()};
  auto one = graph<notes>("one")
                 .node("a",
                       [](const notes&, context& ctx) {
                         if (ctx.ask("sure?") == "no") throw std::runtime_error{"not sure"};
                       })
                 .entry_point("a");
  executor<notes> runs{one, box.options()};
  const auto mask = static_cast<event_mask>(event_kind::interrupts | event_kind::errors |
                                            event_kind::lifecycle | event_kind::tasks);
  const auto first = runs.start(notes{}, {.thread_id = "t", .events = mask});
  const auto asked = all_of(first.stream());
  CHECK(kinds_of(asked) == words{"lifecycle:started", "tasks:started@a", "tasks:interrupted@a",
                                 "interrupts", "lifecycle:interrupted"});
  REQUIRE(asked.size() == 5);
  REQUIRE(asked[3].interrupts.size() == 1);
  CHECK(asked[3].interrupts.front().question == "\"sure?\"");
  const auto second = runs.resume("t", answers::only("no"), {.events = mask});
  const auto failed = all_of(second.stream());
  CHECK(kinds_of(failed) == words{"lifecycle:resumed", "tasks:started@a", "errors@a",
                                  "tasks:failed@a", "errors", "lifecycle:failed"});
  REQUIRE(failed.size() == 6);
  REQUIRE(failed[2].error.has_value());
  CHECK(failed[2].error->message() == "not sure");
}

TEST_CASE("Events of a subgraph carry its namespace") {
  auto outer = graph<notes>("outer").node("child", talker()).entry_point("child");
  executor<notes> runs{outer};
  const auto events = all_of(runs.start(notes{}, {.events = only(event_kind::custom)}).stream());
  REQUIRE(events.size() == 1);
  CHECK(mentions(events.front().ns, "child:"));
}

TEST_CASE("An update from the cache is marked") {
  executor<notes> runs{
      graph<notes>("one").node("a", logs("a"), {.cache = cache_policy{}}).entry_point("a")};
  for (const bool cached : {false, true}) {
    const auto events = all_of(runs.start(notes{}, {.events = only(event_kind::updates)}).stream());
    REQUIRE(events.size() == 1);
    CHECK(events.front().cached == cached);
  }
}

}  // namespace mcp::test
