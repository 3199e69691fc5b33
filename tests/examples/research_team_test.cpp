#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "team/team.hpp"

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include <mcp/executor.hpp>

using namespace mcp::documents;
using namespace research;

namespace {

/// Documents in which "speed" is only called "throughput", and two subjects are called "relay".
class corpus_folder {
 public:
  corpus_folder() {
    add("queue.md",
        "# Skylark\n\nSkylark is a small queue server for one machine.\n\n## Durability\n\n"
        "Skylark keeps every message in an append-only log because a crash must lose nothing.\n\n"
        "## Limits\n\nSkylark must run on one machine; it cannot replicate messages.\n");
    add("figures.md",
        "# Figures\n\nThe throughput of Skylark is 90,000 messages in one second.\n"
        "A slow disk lowers it.\n");
    add("radio.md",
        "# Relay\n\nA relay lifts weak radio signals from the valley over the mountain ridge.\n"
        "Antennas need copper, height, masts and dry weather, or noise hides every word.\n");
    add("race.md",
        "# Relay\n\nIn a relay four runners carry one baton around the stadium track.\n"
        "Teams lose when hands slip, shoes break, or somebody starts before the gun.\n");
  }

  [[nodiscard]] std::string path() const { return folder_.file(""); }

 private:
  void add(const std::string& name, const std::string& text) {
    std::ofstream{folder_.file(name)} << text;
  }

  mcp::test::temporary_folder folder_;
};

struct team {
  std::shared_ptr<shelf> documents = std::make_shared<shelf>();
  mcp::executor<team_state> executor{team_graph(documents),
                                     {.store = mcp::in_memory_checkpoint_store()}};

  [[nodiscard]] mcp::run_result<team_state> ask(const corpus_folder& folder,
                                                const std::string& question,
                                                const std::string& thread) {
    return executor.run_to_result({.question_text = question, .folder = folder.path()},
                                  {.thread_id = thread});
  }
};

}  // namespace

TEST_CASE("The research team answers with citations that stand in the documents") {
  const corpus_folder folder;
  team agents;
  const auto result =
      agents.ask(folder, "What is Skylark and why does it keep an append-only log?", "t");
  REQUIRE(result.done());
  const auto state = result.state();
  CHECK(state.parts.size() >= 2);
  REQUIRE_FALSE(state.written.sources.empty());
  CHECK(state.problems.empty());
  const auto texts = load_folder(folder.path());
  const auto checked = verify(state.written, texts);
  CHECK(checked.ok);
  CHECK(checked.checked > 0);
  CHECK(state.written.markdown.find("because a crash must lose nothing") != std::string::npos);
}

TEST_CASE("The critic of the research team sends back what is missing, with another query") {
  const corpus_folder folder;
  team agents;
  const auto result = agents.ask(folder, "How fast is Skylark?", "t");
  REQUIRE(result.done());
  const auto state = result.state();
  CHECK(state.rounds > 1);
  CHECK(state.rounds <= state.max_rounds);
  CHECK(state.tried.size() > state.parts.size());
  CHECK(state.todo.empty());
}

TEST_CASE("The rounds of the research team are bounded") {
  const corpus_folder folder;
  team agents;
  const auto state = agents.executor.run(
      {.question_text = "How fast is Skylark?", .folder = folder.path(), .max_rounds = 1});
  CHECK(state.rounds == 1);
}

TEST_CASE("The research team asks about an ambiguous question and goes on with the answer") {
  const corpus_folder folder;
  team agents;
  const auto stopped = agents.ask(folder, "How does it work?", "t");
  REQUIRE(stopped.status() == mcp::run_status::interrupted);
  REQUIRE(stopped.interrupts().size() == 1);
  const auto doubt = mcp::from_json<reading>(stopped.interrupts()[0].question);
  CHECK_FALSE(doubt.asked.empty());

  const auto done = agents.executor.resume("t", mcp::answers::only("Skylark")).join();
  REQUIRE(done.done());
  const auto state = done.state();
  CHECK(state.clarification.reply == "Skylark");
  CHECK(state.asked.clarified);
  CHECK(state.asked.text.find("Skylark") != std::string::npos);
  CHECK_FALSE(state.written.sources.empty());
}

TEST_CASE("A number that is no option does not answer the research team's question") {
  const corpus_folder folder;
  team agents;
  static_cast<void>(agents.ask(folder, "How does it work?", "t"));
  for (const std::string number : {"99", "0", "-1"}) {
    CAPTURE(number);
    CHECK_THROWS_AS(agents.executor.resume("t", mcp::answers::only(number)), mcp::error);
    CHECK(agents.executor.state("t").status == mcp::run_status::interrupted);
  }
  CHECK(agents.executor.resume("t", mcp::answers::only(std::string{"1"})).join().done());
}

TEST_CASE("The research team gives the same answer each time, on a new thread and on an old one") {
  const corpus_folder folder;
  team first;
  team second;
  const std::string question = "What is Skylark, how fast is it and what are its limits?";
  const auto one = first.ask(folder, question, "a").state();
  static_cast<void>(first.ask(folder, "What is a relay?", "b"));
  const auto again = first.ask(folder, question, "a").state();
  const auto other = second.ask(folder, question, "a").state();
  CHECK_FALSE(one.written.sources.empty());
  CHECK(mcp::to_json(one) == mcp::to_json(again));
  CHECK(mcp::to_json(one) == mcp::to_json(other));
}

TEST_CASE("The research team fails with the folder's name when there is nothing to read") {
  team agents;
  const auto result =
      agents.executor.run_to_result({.question_text = "What is it?", .folder = "no-such-folder"});
  CHECK(result.status() == mcp::run_status::failed);
  REQUIRE(result.info.error);
  CHECK(result.info.error->message().find("no-such-folder") != std::string::npos);
  CHECK(result.info.error->place().node == "load");
}

TEST_CASE("An answer promises something below only when something is there") {
  const question asked = analyse("Wie funktioniert das?");
  research_plan plan = make_plan(asked);
  plan.parts.push_back(make_sub_question("What is Skylark?", asked, false));
  evidence loose;
  loose.text = "Skylark is a server.";
  loose.path = "readme.md";
  loose.score = 0.3;
  loose.sub_question = 1;
  std::vector<verdict> verdicts(2);
  verdicts[0].state = coverage_state::missing;
  verdicts[1].sub_question = 1;
  verdicts[1].state = coverage_state::weak;
  const answer none = compose(asked, plan, {loose}, verdicts);
  CHECK(none.sources.empty());
  CHECK(none.markdown.find("Nothing in the folder answers this.") != std::string::npos);
  CHECK(none.markdown.find("below") == std::string::npos);
  loose.sub_question = 0;
  const answer near = compose(asked, plan, {loose}, verdicts);
  CHECK(near.sources.size() == 1);
  CHECK(near.markdown.find("the nearest is below.\n\n## ") != std::string::npos);
}

TEST_CASE("A shelf reads a folder once") {
  const corpus_folder folder;
  shelf documents;
  CHECK(documents.open(folder.path()) == documents.open(folder.path()));
  CHECK_THROWS_AS(documents.open(folder.path() + "/none"), corpus_error);
}
