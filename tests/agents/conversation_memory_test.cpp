#include "mcp/agents/conversation_window.hpp"
#include "mcp/agents/model_policies.hpp"
#include "mcp/agents/scripted_model.hpp"
#include "mcp/executor.hpp"
#include "mcp/testkit.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <random>
#include <set>

namespace conversation_memory_test {

using namespace mcp;

using indices = std::vector<std::size_t>;

message said(std::string role, std::string content) {
  return {.role = std::move(role), .content = std::move(content)};
}
message calls(std::vector<std::string> ids) {
  message one{.role = "assistant"};
  for (auto& id : ids) one.tool_calls.push_back({.id = std::move(id), .name = "look"});
  return one;
}
message answers(std::string id) {
  return {.role = "tool", .content = "found", .tool_call_id = std::move(id), .name = "look"};
}

/// Each message counts as its content's length.
std::int64_t letters(const message& one) {
  return static_cast<std::int64_t>(one.content.size());
}

std::vector<message> four_turns() {
  return {said("system", "S"),    said("user", "u1"), said("assistant", "a1"), said("user", "u2"),
          said("assistant", "a2"), said("user", "u3"), said("assistant", "a3"), said("user", "u4")};
}

TEST_CASE("A window that limits nothing keeps everything", "[memory]") {
  CHECK(window_of(four_turns(), {}) == indices{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(window_of({}, {.max_tokens = 1, .max_turns = 1}).empty());
}

TEST_CASE("A window of turns keeps the newest ones and what the system says", "[memory]") {
  CHECK(window_of(four_turns(), {.max_turns = 1}) == indices{0, 7});
  CHECK(window_of(four_turns(), {.max_turns = 2}) == indices{0, 5, 6, 7});
  CHECK(window_of(four_turns(), {.max_turns = 4}) == indices{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(window_of(four_turns(), {.max_turns = 9}).size() == 8);
  // Several messages of a user in a row are one turn.
  const std::vector<message> row{said("user", "a"), said("assistant", "b"), said("user", "c"),
                                 said("user", "d")};
  CHECK(window_of(row, {.max_turns = 1}) == indices{2, 3});
}

TEST_CASE("A window of tokens keeps what fits, and begins with a turn", "[memory]") {
  const auto window = [](std::int64_t tokens) {
    return window_of(four_turns(), {.max_tokens = tokens, .count = letters});
  };
  CHECK(window(15) == indices{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(window(14) == indices{0, 3, 4, 5, 6, 7});
  CHECK(window(8) == indices{0, 5, 6, 7});
  // "a3" would fit, but its question would not.
  CHECK(window(6) == indices{0, 7});
  // What must be kept is kept beyond the limit.
  CHECK(window(1) == indices{0, 7});
}

TEST_CASE("A call of tools and its answers are kept or left out together", "[memory]") {
  const std::vector<message> conversation{said("user", "12345"), calls({"1", "2"}), answers("1"),
                                          answers("2"), said("assistant", "abc")};
  const auto window = [&](std::int64_t tokens) {
    return window_of(conversation, {.max_tokens = tokens, .count = letters});
  };
  CHECK(window(18) == indices{0, 1, 2, 3, 4});
  CHECK(window(17) == indices{0, 4});  // the question that is worked on, and the newest
  auto under_way = conversation;
  under_way.pop_back();
  CHECK(window_of(under_way, {.max_tokens = 1, .count = letters}) == indices{0, 1, 2, 3});
  under_way.pop_back();
  CHECK(window_of(under_way, {.max_tokens = 1, .count = letters}) == indices{0, 1, 2});
}

TEST_CASE("Ids of calls that repeat belong to the call nearest before", "[memory]") {
  const std::vector<message> conversation{said("user", "a"),  calls({"1"}), answers("1"),
                                          said("user", "b"),  calls({"1"}), answers("1"),
                                          said("user", "c")};
  CHECK(window_of(conversation, {.max_turns = 2}) == indices{3, 4, 5, 6});
}

TEST_CASE("Answers without their call are left out, pinned messages never", "[memory]") {
  const std::vector<message> conversation{answers("9"), said("user", "a"), said("assistant", "pin"),
                                          calls({"1"}), answers("1"), said("user", "b"),
                                          said("assistant", "c")};
  CHECK(window_of(conversation, {}) == indices{1, 2, 3, 4, 5, 6});
  const auto pin = [](const message& one) { return one.content == "pin"; };
  CHECK(window_of(conversation, {.max_turns = 1, .pinned = pin}) == indices{2, 5, 6});
  const auto found = [](const message& one) { return one.content == "found"; };
  CHECK(window_of(conversation, {.max_turns = 1, .pinned = found}) == indices{3, 4, 5, 6});
}

TEST_CASE("Windows over any conversation keep their promises", "[memory]") {
  const char* given = std::getenv("MCP_TEST_SEED");
  const auto seed = given != nullptr ? std::stoul(given) : std::random_device{}();
  INFO("MCP_TEST_SEED=" << seed);
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  const auto below = [&](unsigned limit) { return random() % limit; };
  for (int round = 0; round < 3000; ++round) {
    std::vector<message> conversation;
    std::vector<std::string> open;
    for (auto left = below(25); left > 0; --left) {
      const auto what = below(10);
      if (what < 3) conversation.push_back(said("user", std::string(below(9), 'u')));
      if (what >= 3 && what < 6) conversation.push_back(said("assistant", std::string(below(9), 'a')));
      if (what == 6) conversation.push_back(said("system", "sys"));
      if (what == 7) {
        open = {std::to_string(below(4)), std::to_string(4 + below(4))};
        conversation.push_back(calls(open));
      }
      if (what > 7) conversation.push_back(answers(std::to_string(below(8))));
    }
    const window_limit limit{.max_tokens = static_cast<std::int64_t>(below(40)),
                             .max_turns = below(4),
                             .count = letters};
    const auto kept = window_of(conversation, limit);
    INFO("round " << round << ": " << to_json(conversation) << " -> " << to_json(kept));
    REQUIRE(std::is_sorted(kept.begin(), kept.end()));
    const std::set<std::size_t> set(kept.begin(), kept.end());
    REQUIRE(set.size() == kept.size());
    std::map<std::string, std::size_t> caller;
    std::optional<std::size_t> question;
    for (std::size_t i = 0; i < conversation.size(); ++i) {
      const auto& one = conversation[i];
      if (one.role == "system") REQUIRE(set.contains(i));
      if (one.role == "user") question = i;
      for (const auto& call : one.tool_calls) caller[call.id] = i;
      if (one.role != "tool") continue;
      const auto by = caller.find(one.tool_call_id);
      REQUIRE(set.contains(i) == (by != caller.end() && set.contains(by->second)));
    }
    if (question) REQUIRE(set.contains(*question));
    // A window of a window is the same window.
    std::vector<message> shown;
    for (const auto index : kept) shown.push_back(conversation[index]);
    REQUIRE(window_of(shown, limit).size() == shown.size());
  }
}

struct state {
  std::vector<message> messages{};
  std::vector<message> log{};
};
MCP_STATE(state, (messages, add_messages), (log, append))

std::vector<std::string> contents(const std::vector<message>& messages) {
  std::vector<std::string> result;
  for (const auto& one : messages) result.push_back(one.content);
  return result;
}
using texts = std::vector<std::string>;

TEST_CASE("A node trims the state by id and leaves what others add", "[memory]") {
  graph<state> graph("trimming");
  graph.node("trim", trim_node(&state::messages, {.max_turns = 2}))
      .node("say", [](const state&) {
        return update<state>{}.append(&state::messages, assistant_message("a4"));
      });
  graph.entry_point("trim").entry_point("say");
  executor<state> executor{graph};
  const auto after = executor.run({.messages = four_turns()});
  CHECK(contents(after.messages) == texts{"S", "u3", "a3", "u4", "a4"});
  const auto again = executor.run({.messages = after.messages});
  CHECK(contents(again.messages) == texts{"S", "u3", "a3", "u4", "a4", "a4"});
}

TEST_CASE("A trim node wants ids, and the reducer that gives them", "[memory]") {
  CHECK_THROWS_AS(trim_node(&state::log, {.max_turns = 1}), error);
  CHECK_THROWS_AS(removals(four_turns(), {1}), error);
  CHECK(removals({}, {}).empty());
}

TEST_CASE("Trimming ten thousand messages leaves the last turns", "[memory]") {
  state many;
  for (int i = 0; i < 5000; ++i) {
    auto asked = said("user", "u" + std::to_string(i));
    auto told = said("assistant", "a" + std::to_string(i));
    asked.id = asked.content;
    told.id = told.content;
    many.messages.push_back(asked);
    many.messages.push_back(told);
  }
  const auto trim = trim_node(&state::messages, {.max_turns = 3});
  const auto after = testkit::apply(many, trim(many));
  REQUIRE(after.messages.size() == 6);
  CHECK(after.messages.front().content == "u4997");
}

TEST_CASE("A model is shown a window, and the state keeps everything", "[memory]") {
  std::vector<chat_request> asked;
  const auto model = scripted_model({.rules = {{.answer = [&](const chat_request& request) {
    asked.push_back(request);
    return scripted_answer{.text = "ok"};
  }}}});
  std::size_t seen_by_guard = 0;
  model_node_options options{.system = "Be brief."};
  options.before = [&](chat_request& request) { seen_by_guard = request.messages.size(); };
  graph<state> graph("windowed");
  graph
      .node("talk", model_node(model, &state::messages,
                               with_window(std::move(options), {.max_turns = 2})))
      .entry_point("talk");
  executor<state> executor{graph};
  const auto after = executor.run({.messages = four_turns()});
  CHECK(after.messages.size() == 9);
  REQUIRE(asked.size() == 1);
  CHECK(contents(asked[0].messages) == texts{"Be brief.", "S", "u3", "a3", "u4"});
  CHECK(seen_by_guard == 5);
}

TEST_CASE("Tools and schema count against the tokens of a window", "[memory]") {
  chat_request request{.messages = four_turns()};
  const auto all = estimated_tokens(request);
  const auto kept = [&](const chat_request& given, std::int64_t tokens) {
    auto copy = given;
    with_window({}, {.max_tokens = tokens}).before(copy);
    return copy.messages.size();
  };
  CHECK(kept(request, all) == 8);
  CHECK(kept(request, all - 1) < 8);
  request.tools.push_back({.name = "look", .parameters = std::string(90, 'x')});
  CHECK(kept(request, all) < 8);
  CHECK(kept(request, estimated_tokens(request)) == 8);
  CHECK(kept(request, 1) == 2);
}

}  // namespace conversation_memory_test
