// Teams that are killed at each durable write of their store end as if nothing had happened, and
// repeat no call of a model whose superstep was durable.

#include "agents/teams_harness.hpp"
#include "mcp/agents/teams_documents.hpp"
#include "mcp/agents/teams_supervisor.hpp"
#include "store/temporary_folder.hpp"
#include "support/killing_store.hpp"
#include "support/this_program.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

namespace mcp::test {
namespace {

enum exit_code : int { finished = 0, went_wrong = 1 };

std::string setting(const char* name) {
  const char* found = std::getenv(name);
  return found == nullptr ? "" : found;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Answers from the last message alone, as another process has to; notes each call in a file.
std::shared_ptr<chat_model> model_in(const std::string& folder,
                                     std::function<scripted_answer(const std::string&)> answer) {
  const auto noted = [folder, answer = std::move(answer)](const chat_request& request) {
    std::ofstream(folder + "/calls", std::ios::app) << "call\n";
    const auto& all = request.messages;
    // What the team tells a model that speaks after another one says nothing.
    return answer(all[all.size() - (all.back().content == "Go on." ? 2 : 1)].content);
  };
  return scripted_model({.rules = {{.answer = noted}}});
}

graph<team_state> desk(const std::string& folder) {
  const auto lead = model_in(folder, [](const std::string& last) {
    if (last == "help") return calling({"transfer_to_a"});
    if (last == "a did it") return calling({"transfer_to_b"}, "next");
    return text_answer("done");
  });
  const auto member = [&](const std::string& name) {
    const auto says_so = [name](const std::string&) { return text_answer(name + " did it"); };
    return team_member{name, "", model_agent{.model = model_in(folder, says_so)}};
  };
  return supervisor_team(
      "desk", {.model = lead, .members = {member("a"), member("b")}, .hand_back_messages = false});
}

graph<documents_state> shelf(const std::string& folder) {
  const auto model = model_in(folder, [](const std::string& last) {
    const bool writes = last.find("Findings:") != std::string::npos;
    if (!writes) return text_answer(R"({"relevant":true,"finding":"fruit"})");
    return text_answer(R"({"answer":"fruit","used":[1,2]})");
  });
  return documents_team("shelf", {.model = model, .reduce_bytes = 300, .concurrency = 2});
}

documents_state fruit() {
  documents_state s{.question = "which?"};
  for (int i = 0; i < 10; ++i) s.documents.push_back({"doc" + std::to_string(i), "fruit"});
  return s;
}

/// Ids of messages follow from the run's, which is another one each time.
void forget_ids(team_state& s) {
  for (auto& one : s.messages) one.id.clear();
}
void forget_ids(documents_state&) {}

/// One life of a run; the state that it reaches is the folder's file "result".
template <class State>
int live(const std::string& folder, const graph<State>& team, const State& input) {
  const auto store = std::make_shared<killing_store>(
      sqlite_checkpoint_store(folder + "/runs.db"),
      killing_store::plan{.at = std::stoul(setting("MCP_TEAMS_AT"))});
  executor<State> runs{team, {.store = store}};
  const auto known = runs.recovered();
  const bool begun = !store->runs({.thread_id = "t"}).empty();
  const auto ended =
      !known.empty() ? known.front().join()
      : begun        ? runs.resume("t").join()
              : runs.run_to_result(input, {.thread_id = "t", .durability = durability::sync});
  if (!ended.done()) return went_wrong;
  auto reached = ended.state();
  forget_ids(reached);
  std::ofstream(folder + "/result") << to_json(reached);
  return finished;
}

/// Runs this program again as the process that is killed at write `at`.
int one_life(const std::string& folder, const std::string& team, std::size_t at) {
  return run_this_program("[.teams-life]",
                          {"MCP_TEAMS_FOLDER=" + folder, "MCP_TEAMS_TEAM=" + team,
                           "MCP_TEAMS_AT=" + std::to_string(at)},
                          folder + "/output");
}

struct life_story {
  bool died = false;
  std::string result{};
  std::size_t calls = 0;
};

/// A run that is killed at its write `at`, if it makes so many, and its next life.
life_story survive(const std::string& team, std::size_t at) {
  const temporary_folder folder;
  const auto place = folder.file("");
  life_story story;
  auto code = one_life(place, team, at);
  story.died = code == killed;
  if (story.died) code = one_life(place, team, 0);
  INFO(team << " killed at write " << at << "\n" << read_file(place + "/output"));
  REQUIRE(code == finished);
  story.result = read_file(place + "/result");
  std::istringstream calls{read_file(place + "/calls")};
  for (std::string line; std::getline(calls, line);) ++story.calls;
  return story;
}

}  // namespace

TEST_CASE("The process that the crash tests of teams kill.", "[.teams-life]") {
  const auto folder = setting("MCP_TEAMS_FOLDER");
  REQUIRE(!folder.empty());
  ::_exit(setting("MCP_TEAMS_TEAM") == "desk" ? live(folder, desk(folder), asking("help"))
                                              : live(folder, shelf(folder), fruit()));
}

TEST_CASE("A team that is killed at any durable write ends in the same state", "[teams][crash]") {
  const auto* team = GENERATE("desk", "shelf");
  const auto undisturbed = survive(team, 0);
  REQUIRE(!undisturbed.died);
  REQUIRE(!undisturbed.result.empty());
  std::size_t points = 0;
  std::size_t calls = 0;
  for (std::size_t at = 1;; ++at) {
    const auto story = survive(team, at);
    if (!story.died) break;
    INFO(team << " killed at write " << at);
    CHECK(story.result == undisturbed.result);
    CHECK(story.calls >= undisturbed.calls);
    calls = story.calls;
    ++points;
  }
  WARN(team << ": killed at " << points << " points, " << undisturbed.calls << " calls");
  CHECK(points >= 6);
  CHECK(undisturbed.calls == (team == std::string{"desk"} ? 5U : 13U));
  // Killed near its end, a run repeats what was under way, not what had ended. How many writes it
  // makes differs with how they are grouped, so the last point is not always its last write.
  CHECK(calls <= undisturbed.calls + undisturbed.calls / 2);
}

}  // namespace mcp::test
