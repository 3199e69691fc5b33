// A conversation that is summarised and remembered is killed at every durable write, and must end
// as if nothing had happened.

#include "mcp/agents/conversation_summary.hpp"
#include "mcp/agents/memory_nodes.hpp"
#include "mcp/agents/scripted_model.hpp"
#include "mcp/mcp.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "support/killing_store.hpp"
#include "support/this_program.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace memory_crash_test {

using namespace mcp;

constexpr const char* thread_id = "talk";
constexpr int turns = 4;

struct state {
  std::int64_t turn = 0;
  std::vector<message> messages{};
  std::string summary{};
  std::string learnt{};
};
MCP_STATE(state, turn, (messages, add_messages), summary, learnt)

/// Says the next thing, until all is said.
update<state> ask(const state& s) {
  const auto n = std::to_string(s.turn + 1);
  return update<state>{}
      .set(&state::turn, s.turn + 1)
      .set(&state::learnt, "the user said " + n)
      .append(&state::messages, user_message("question " + n));
}

graph<state> conversation() {
  const auto model = scripted_model({.rules = {{.answer = [](const chat_request& request) {
                                       return scripted_answer{
                                           .text = "answer to " + request.messages.back().content};
                                     }}}});
  const auto summariser = scripted_model(
      {.rules = {{.answer = [](const chat_request& request) {
         return scripted_answer{.text = "folded " +
                                        std::to_string(request.messages.back().content.size())};
       }}}});
  const agent_memory memory{{.embeddings = hashing_embeddings()}};
  graph<state> made("conversation");
  made.node("ask", ask)
      .node("talk", model_node(model, &state::messages))
      .node("fold", summary_node(summariser, &state::messages, &state::summary,
                                 {.limit = {.max_turns = 1}, .keep = {.max_tokens = 1}}))
      .node("keep", remember_node<state>(memory, &state::learnt,
                                         [](const state&, context&) { return user_place("ann"); }));
  made.entry_point("ask").sequence({"ask", "talk", "fold", "keep"});
  made.router("keep", [](const state& s) { return s.turn < turns ? "ask" : mcp::end; },
              {"ask", mcp::end});
  return made;
}

std::string setting(const char* name) {
  const char* found = std::getenv(name);
  return found == nullptr ? "" : found;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// What the process does that is killed.
int live(const std::string& folder) {
  test::killing_store::plan fate;
  fate.at = std::stoul(setting("MCP_CRASH_AT"));
  fate.when = setting("MCP_CRASH_SIDE") == "after" ? test::killing_store::side::after
                                                   : test::killing_store::side::before;
  const auto store = std::make_shared<test::killing_store>(
      sqlite_checkpoint_store(folder + "/runs.db"), std::move(fate));
  executor<state> executor{conversation(),
                           {.store = store, .memory = sqlite_memory_store(folder + "/memory.db")}};
  const auto recovered = executor.recovered();
  const auto known = store->runs({.thread_id = thread_id});
  if (!recovered.empty()) {
    if (!recovered.front().join().done()) return 1;
  } else if (known.empty()) {
    if (!executor.start({}, {.thread_id = thread_id}).join().done()) return 1;
  } else if (!executor.resume(thread_id).join().done()) {
    return 1;
  }
  auto reached = executor.state(thread_id).values;
  for (auto& one : reached.messages) one.id.clear();  // made of the ids of checkpoints
  std::ofstream(folder + "/result") << to_json(reached);
  return 0;
}

TEST_CASE("The process that the crash test of memory kills.", "[.memory-crash-child]") {
  const auto folder = setting("MCP_CRASH_FOLDER");
  REQUIRE(!folder.empty());
  ::_exit(live(folder));
}

int one_life(const std::string& folder, std::size_t at, const char* side) {
  return test::run_this_program("[.memory-crash-child]",
                                {"MCP_CRASH_FOLDER=" + folder, "MCP_CRASH_AT=" + std::to_string(at),
                                 std::string{"MCP_CRASH_SIDE="} + side},
                                folder + "/output");
}

/// Dies once at a write and lives on. False when it ended before it could die.
bool survive(std::size_t at, const char* side, std::string& undisturbed) {
  const test::temporary_folder folder;
  const auto place = folder.file("");
  auto code = one_life(place, at, side);
  const bool died = code == test::killed;
  if (died) code = one_life(place, 0, side);
  INFO("killed " << side << " write " << at << "\n" << read_file(place + "/output"));
  REQUIRE(code == 0);
  const auto reached = read_file(place + "/result");
  if (undisturbed.empty()) undisturbed = reached;
  CHECK(reached == undisturbed);
  const agent_memory memory{{.store = sqlite_memory_store(place + "/memory.db")}};
  std::vector<std::string> notes;
  for (const auto& note : memory.list(user_place("ann"))) notes.push_back(note.text);
  CHECK(notes.size() == turns);
  return died;
}

TEST_CASE("A killed conversation loses no message, folds none twice and remembers each note once",
          "[memory][crash]") {
  std::string undisturbed;
  REQUIRE_FALSE(survive(0, "before", undisturbed));
  const auto whole = from_json<state>(undisturbed);
  CHECK(whole.turn == turns);
  CHECK(whole.messages.size() == 2);
  CHECK_FALSE(whole.summary.empty());
  std::size_t points = 0;
  for (const char* side : {"before", "after"}) {
    for (std::size_t at = 1; survive(at, side, undisturbed); ++at) ++points;
  }
  CHECK(points > 4);
}

}  // namespace memory_crash_test
