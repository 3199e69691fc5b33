#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

/// A type whose schema accepts more than its codec.
struct even_number {
  int value = 0;
};

}  // namespace
}  // namespace mcp::test

template <>
struct mcp::codec<mcp::test::even_number> {
  using type = mcp::test::even_number;
  static void encode(cbor_writer& w, const type& number) { w.integer(number.value); }
  static void decode(cbor_reader& r, type& number) {
    codec<int>::decode(r, number.value);
    if (number.value % 2 != 0) r.fail(std::to_string(number.value) + " is odd");
  }
  static bool equal(const type& a, const type& b) { return a.value == b.value; }
  static std::string schema(schema_writer&) { return R"({"type":"integer"})"; }
};

namespace mcp::test {
namespace {

answers json_answer(const std::string& text) {
  return answers{}.add_json("", text);
}

template <class Answer>
graph<notes> asks_for(std::atomic<int>& calls) {
  return graph<notes>("one")
      .node("a",
            [&calls](const notes&, context& ctx) {
              ++calls;
              return update<notes>{}.set(&notes::count, ctx.ask<Answer>("how many?"));
            })
      .entry_point("a");
}

graph<notes> asks_for_even() {
  return graph<notes>("even")
      .node("a",
            [](const notes&, context& ctx) {
              const auto two = ctx.ask_all<even_number>(words{"first", "second"});
              return update<notes>{}.set(&notes::count, two[0].value * 100 + two[1].value);
            })
      .entry_point("a");
}

std::string id_asking(const run_result<notes>& stopped, const std::string& question) {
  for (const auto& one : stopped.interrupts()) {
    if (one.question == "\"" + question + "\"") return one.id;
  }
  FAIL("nobody asks " << question);
  return {};
}

}  // namespace

TEST_CASE("A number that its type cannot hold is refused at resume, and the interrupt stays") {
  const scenario_store box{real_store()};
  std::atomic<int> calls{0};
  executor<notes> runs{asks_for<int>(calls), box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.interrupts().size() == 1);
  for (const auto* wrong : {"5000000000", "-2147483649", "1.5", "\"7\""}) {
    INFO(wrong);
    CHECK(code_of([&] { return runs.resume("t", json_answer(wrong)).join(); }) ==
          errc::invalid_answer);
    CHECK(runs.state("t").interrupts == stopped.interrupts());
  }
  CHECK(calls == 1);
  CHECK(runs.resume("t", json_answer("2147483647")).join().state().count == 2'147'483'647);
}

TEST_CASE("A number beyond all integers is asked for again") {
  const scenario_store box{real_store()};
  std::atomic<int> calls{0};
  executor<notes> runs{asks_for<std::int64_t>(calls), box.options()};
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t"}));
  const auto again = runs.resume("t", json_answer("1e30")).join();
  REQUIRE(again.status() == run_status::interrupted);
  REQUIRE(again.interrupts().size() == 1);
  CHECK(runs.resume("t", json_answer("8")).join().state().count == 8);
}

TEST_CASE("An answer that fits the schema and not the type is asked for again, with the reason") {
  const scenario_store box{real_store()};
  executor<notes> runs{asks_for_even(), box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.interrupts().size() == 2);
  auto given = answers{}.add_json(id_asking(stopped, "first"), "3");
  given.add(id_asking(stopped, "second"), 4);
  const auto again = runs.resume("t", given).join();
  REQUIRE(again.status() == run_status::interrupted);
  REQUIRE(again.interrupts().size() == 1);
  const auto& asked = again.interrupts().front();
  CHECK(asked.question == "\"first\"");
  CHECK(asked.id != id_asking(stopped, "first"));
  CHECK(mentions(asked.schema, "\"$comment\":\"the answer before this one did not fit"));
  CHECK(mentions(asked.schema, "3 is odd"));
  CHECK(mentions(asked.schema, "\"type\":\"integer\""));
  CHECK(runs.state("t").interrupts == again.interrupts());
  REQUIRE(runs.resume("t", answers::only(5)).join().status() == run_status::interrupted);
  const auto ended = runs.resume("t", answers::only(6)).join();
  REQUIRE(ended.done());
  CHECK(ended.state().count == 604);
}

TEST_CASE("A question is not asked for ever") {
  const scenario_store box{stored_in::memory};
  executor<notes> runs{asks_for_even(), box.options()};
  auto last = runs.run_to_result({}, {.thread_id = "t"});
  static_cast<void>(runs.resume("t", answers{}.add(id_asking(last, "second"), 2)).join());
  for (std::size_t i = 0; i < max_refused_answers; ++i) {
    last = runs.resume("t", answers::only(1)).join();
    REQUIRE(last.status() == run_status::interrupted);
  }
  last = runs.resume("t", answers::only(1)).join();
  REQUIRE(last.status() == run_status::failed);
  CHECK(last.info.error->code() == errc::invalid_answer);
  CHECK(mentions(last.info.error->message(), "1 is odd"));
}

}  // namespace mcp::test
