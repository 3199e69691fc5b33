#include "actors/scenario.hpp"

#include <set>

namespace mcp::test {
namespace {

struct cells {
  std::string plain{};
  std::vector<std::string> log{};
  std::string flash{};
  std::string secret{};
  std::set<std::string> gathered{};
};
MCP_STATE(cells, plain, (log, mcp::append), (flash, mcp::ephemeral), (secret, mcp::untracked),
          (gathered, mcp::barrier("a", "b")))

struct guarded {
  std::string question{};
  std::string answer{};
  std::string scratch{};
};
MCP_STATE(guarded, question, (answer, mcp::output_only), (scratch, mcp::internal))

auto notes_flash(const std::string& who) {
  return [who](const cells& s) { return update<cells>{}.append(&cells::log, who + ":" + s.flash); };
}

}  // namespace

TEST_CASE("Two writers of a last-value field in one superstep are an error that names all three") {
  const scenario_store box{any_store()};
  auto pair =
      graph<notes>("pair")
          .node("left", [](const notes&) { return update<notes>{}.set(&notes::answer, "l"); })
          .node("right", [](const notes&) { return update<notes>{}.set(&notes::answer, "r"); })
          .entry_point("left")
          .entry_point("right");
  executor<notes> runs{pair, box.options()};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  REQUIRE(ended.info.error->code() == errc::invalid_update);
  for (const auto* part : {"\"answer\"", "\"left\"", "\"right\""}) {
    CHECK(mentions(ended.info.error->message(), part));
  }
}

TEST_CASE("Two writers of a last-value field are fine one after the other") {
  auto chain =
      graph<notes>("chain")
          .node("left", [](const notes&) { return update<notes>{}.set(&notes::answer, "l"); })
          .node("right", [](const notes&) { return update<notes>{}.set(&notes::answer, "r"); })
          .entry_point("left")
          .edge("left", "right");
  executor<notes> runs{chain};
  CHECK(runs.run({}).answer == "r");
}

TEST_CASE("An overwrite by-passes the reducer and ordinary writes beside it are ignored") {
  const scenario_store box{any_store()};
  auto chain =
      graph<notes>("chain")
          .node("a", logs("a"))
          .node("b", [](const notes&) { return update<notes>{}.overwrite(&notes::log, {"fresh"}); })
          .node("c", logs("c"))
          .node("d", logs("d"))
          .entry_point("a")
          .edge("a", "b")
          .edge("a", "c")
          .edge("b", "d");
  executor<notes> runs{chain, box.options()};
  CHECK(runs.run({}, {.thread_id = "t"}).log == words{"fresh", "d"});
}

TEST_CASE("Two overwrites of one field in one superstep are an error") {
  const auto fresh = [](const notes&) { return update<notes>{}.overwrite(&notes::log, {"x"}); };
  auto pair =
      graph<notes>("pair").node("a", fresh).node("b", fresh).entry_point("a").entry_point("b");
  executor<notes> runs{pair};
  CHECK(code_of([&] { return runs.run({}); }) == errc::invalid_update);
}

TEST_CASE("A node that returns its state replaces what it changed, reducer fields too") {
  auto one = graph<notes>("one")
                 .node("a",
                       [](notes s) {
                         s.log.insert(s.log.begin(), "first");
                         s.count += 2;
                         return s;
                       })
                 .entry_point("a");
  executor<notes> runs{one};
  const auto ended = runs.run({.log = {"given"}, .count = 3});
  CHECK(ended.log == words{"first", "given"});
  CHECK(ended.count == 5);
}

TEST_CASE(
    "Two nodes that return their state and change one reducer field are told what to return") {
  const auto adds = [](notes s) {
    s.log.push_back("x");
    return s;
  };
  executor<notes> runs{
      graph<notes>("pair").node("a", adds).node("b", adds).entry_point("a").entry_point("b")};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::invalid_update);
  CHECK(mentions(ended.info.error->message(), "return an mcp::update"));
}

TEST_CASE("An ephemeral field can be read for one superstep") {
  const scenario_store box{any_store()};
  auto chain = graph<cells>("chain")
                   .node("a",
                         [](const cells& s) {
                           return update<cells>{}
                               .append(&cells::log, "a:" + s.flash)
                               .set(&cells::flash, "lit");
                         })
                   .node("b", notes_flash("b"))
                   .node("c", notes_flash("c"))
                   .entry_point("a")
                   .sequence({"a", "b", "c"});
  executor<cells> runs{chain, box.options()};
  const auto ended = runs.run({.flash = "input"}, {.thread_id = "t"});
  CHECK(ended.log == words{"a:input", "b:lit", "c:"});
  CHECK(ended.flash.empty());
}

TEST_CASE("An ephemeral field of the last superstep is not there for the next run") {
  const scenario_store box{real_store()};
  auto one = graph<cells>("one")
                 .node("a",
                       [](const cells& s) {
                         return update<cells>{}
                             .append(&cells::log, "a:" + s.flash)
                             .set(&cells::flash, "lit");
                       })
                 .entry_point("a");
  executor<cells> runs{one, box.options()};
  CHECK(runs.run({}, {.thread_id = "t"}).flash == "lit");
  CHECK(runs.run({.plain = "again"}, {.thread_id = "t"}).log == words{"a:", "a:"});
}

TEST_CASE("An untracked field lives with the run and is never stored") {
  const scenario_store box{real_store()};
  auto chain =
      graph<cells>("chain")
          .node("a", [](const cells&) { return update<cells>{}.set(&cells::secret, "key"); })
          .node("b",
                [](const cells& s) { return update<cells>{}.append(&cells::log, "b:" + s.secret); })
          .node("c",
                [](const cells& s) { return update<cells>{}.append(&cells::log, "c:" + s.secret); })
          .entry_point("a")
          .sequence({"a", "b", "c"})
          .interrupt_before({"c"});
  executor<cells> runs{chain, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  CHECK(stopped.state().secret == "key");
  CHECK(runs.state("t").values.secret.empty());
  CHECK(runs.resume("t").join().state().log == words{"b:key", "c:"});
}

TEST_CASE("A barrier field fills over supersteps, is full for one, and starts again") {
  const scenario_store box{any_store()};
  const auto arrives = [](const std::string& who) {
    return [who](const cells& s) {
      return update<cells>{}
          .set(&cells::gathered, {who})
          .append(&cells::log, who + std::to_string(s.gathered.size()));
    };
  };
  const auto counts = [](const cells& s) {
    return update<cells>{}.append(&cells::log, "=" + std::to_string(s.gathered.size()));
  };
  auto chain = graph<cells>("chain")
                   .node("n1", arrives("a"))
                   .node("n2", counts)
                   .node("n3", arrives("b"))
                   .node("n4", counts)
                   .node("n5", counts)
                   .entry_point("n1")
                   .sequence({"n1", "n2", "n3", "n4", "n5"});
  executor<cells> runs{chain, box.options()};
  CHECK(runs.run({}).log == words{"a0", "=1", "b1", "=2", "=0"});
}

TEST_CASE("A name that a barrier does not await is an error") {
  auto one =
      graph<cells>("one")
          .node("a", [](const cells&) { return update<cells>{}.set(&cells::gathered, {"zebra"}); })
          .entry_point("a");
  executor<cells> runs{one};
  CHECK(code_of([&] { return runs.run({}); }) == errc::invalid_update);
}

TEST_CASE("A field that is no part of the input is refused by its name, and the others are taken") {
  const scenario_store box{any_store()};
  executor<guarded> runs{graph<guarded>("guarded")
                             .node("a",
                                   [](const guarded& s) {
                                     return update<guarded>{}
                                         .set(&guarded::answer, s.question + "!")
                                         .set(&guarded::scratch, "seen");
                                   })
                             .entry_point("a"),
                         box.options()};
  const auto ended = runs.run_to_result({.question = "why"});
  CHECK(ended.state().scratch == "seen");
  CHECK(output_json(ended.info.state) == R"({"answer":"why!","question":"why"})");
  for (const auto& wrong : {guarded{.answer = "forged"}, guarded{.scratch = "forged"}}) {
    try {
      static_cast<void>(runs.run(wrong));
      FAIL("it was accepted");
    } catch (const error& what) {
      CHECK(what.code() == errc::invalid_update);
      CHECK(mentions(what.message(), wrong.answer.empty() ? "\"scratch\"" : "\"answer\""));
    }
  }
}

}  // namespace mcp::test
