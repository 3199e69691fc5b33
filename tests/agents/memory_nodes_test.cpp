#include "mcp/agents/memory_nodes.hpp"

#include "agents/tool_test_harness.hpp"
#include "mcp/agents/prompt_memory.hpp"
#include "mcp/agents/scripted_model.hpp"
#include "mcp/agents/tool_loop.hpp"
#include "mcp/executor.hpp"
#include "support/catch.hpp"

#include <future>

namespace memory_nodes_test {

using namespace mcp;
using Catch::Matchers::Contains;

struct state {
  std::string user{};
  std::vector<message> messages{};
  std::vector<std::string> learnt{};
  std::vector<std::string> known{};
  std::vector<memory_hit> hits{};
};
MCP_STATE(state, user, (messages, add_messages), learnt, (known, append), hits)

using texts = std::vector<std::string>;

memory_place of_user(const state& s, context&) {
  return user_place(s.user);
}

TEST_CASE("What a node remembers, another one recalls in the next thread", "[memory]") {
  const auto store = in_memory_memory_store();
  const agent_memory memory{{.embeddings = hashing_embeddings()}};
  graph<state> graph("memory");
  graph.node("recall", recall_node<state>(memory, &state::messages, &state::known, of_user))
      .node("keep", remember_node<state>(memory, &state::learnt, of_user))
      .sequence({"recall", "keep"});
  graph.entry_point("recall");
  executor<state> executor{graph, {.memory = store}};
  const auto run = [&](const std::string& user, const std::string& said, texts learnt) {
    const auto result =
        executor.run_to_result({.user = user,
                                .messages = {user_message(said), assistant_message("hm")},
                                .learnt = std::move(learnt)});
    if (result.info.error) FAIL(result.info.error->what());
    return result;
  };
  const auto first = run("ann", "I like tea", {"Ann likes green tea", "", "Ann lives in Oslo"});
  CHECK(first.state().known.empty());
  CHECK(first.info.usage.counters.at("tokens") > 0);
  CHECK(run("ann", "Which tea?", {}).state().known == texts{"Ann likes green tea"});
  CHECK(run("bob", "Which tea?", {}).state().known.empty());
  // What is recalled replaces what was, though the field appends.
  CHECK(run("ann", "Oslo", {}).state().known == texts{"Ann lives in Oslo"});
}

TEST_CASE("Notes are recalled whole, from several places, by functions of the state", "[memory]") {
  const agent_memory memory{{.store = in_memory_memory_store()}};
  const auto what = [](const state& s) {
    return memory_note{.text = s.learnt.at(0), .kind = "fact", .metadata = R"({"sure":true})"};
  };
  const auto thread = [](const state&, const context& ctx) { return thread_place(ctx); };
  const auto everywhere = [](const state& s, context& ctx) {
    return std::vector{user_place(s.user), thread_place(ctx), agent_place("guide")};
  };
  memory.remember(agent_place("guide"), {{.text = "tea is hot", .kind = "fact"}});
  graph<state> graph("memory");
  graph.node("keep", remember_node<state>(memory, what, thread))
      .node("recall", recall_node<state>(memory, [](const state&) { return "tea"; }, &state::hits,
                                         everywhere, {.limit = 9, .kind = "fact"}))
      .sequence({"keep", "recall"});
  graph.entry_point("keep");
  executor<state> executor{graph};
  const auto after =
      executor.run({.user = "ann", .learnt = {"likes tea"}}, {.thread_id = "talk.1"});
  REQUIRE(after.hits.size() == 2);
  const auto& own = after.hits[after.hits[0].place.scope == memory_scope::thread ? 0 : 1];
  CHECK(own.place == memory_place{memory_scope::thread, "talk.1"});
  CHECK(own.metadata == R"({"sure":true})");
  CHECK(own.updated > 0);
}

/// Ends calls only when it is told to.
class held_model final : public embedding_model {
 public:
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<embedding_call> start(embedding_request, embedding_handler handler) override {
    struct call final : chat_call {
      explicit call(embedding_handler what) : handler(std::move(what)) {}
      void cancel() override {
        handler({.failure = model_failure{.error = {errc::cancelled, "stopped"}}});
      }
      embedding_handler handler;
    };
    auto made = std::make_shared<call>(std::move(handler));
    started.set_value();
    return made;
  }
  std::promise<void> started{};

 private:
  std::string name_ = "held";
};

graph<state> recalling(const agent_memory& memory) {
  return graph<state>("recalling")
      .node("recall", recall_node<state>(memory, &state::messages, &state::known, of_user))
      .entry_point("recall");
}

const state asking{.user = "ann", .messages = {user_message("tea?")}};

TEST_CASE("Cancelling a run cancels its embeddings", "[memory]") {
  const auto model = std::make_shared<held_model>();
  executor<state> executor{
      recalling(agent_memory{{.store = in_memory_memory_store(), .embeddings = model}})};
  const auto run = executor.start(asking);
  model->started.get_future().wait();
  run.cancel();
  CHECK(run.join().status() == run_status::cancelled);
}

TEST_CASE("Embeddings are paid from the budget, and an exhausted one fails the node", "[memory]") {
  const agent_memory memory{{.store = in_memory_memory_store(),
                             .embeddings = hashing_embeddings(),
                             .price = model_price{.input = 1'000'000}}};
  memory.remember(user_place("ann"), {{.text = "likes tea"}});
  executor<state> executor{recalling(memory)};
  const auto with = [&](std::int64_t tokens) {
    return executor.run_to_result(asking, {.budget = {.counters = {{"tokens", tokens}}}});
  };
  const auto enough = with(2);
  REQUIRE(enough.done());
  CHECK(enough.info.usage.counters.at("tokens") == 2);
  CHECK(enough.info.usage.counters.at("cost_micros") == 2);
  CHECK(enough.state().known == texts{"likes tea"});
  const auto refused = with(1);
  REQUIRE(refused.info.error);
  CHECK(refused.info.error->code() == errc::budget_exceeded);
  CHECK(refused.info.usage.counters.at("tokens") == 0);
}

TEST_CASE("A recall without its embeddings tells the run's stream why", "[memory]") {
  class broken_model final : public embedding_model {
   public:
    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    std::shared_ptr<embedding_call> start(embedding_request, embedding_handler handler) override {
      handler({.failure = model_failure{.error = {errc::server_failed, "down"}}});
      return nullptr;
    }

   private:
    std::string name_ = "broken";
  };
  const auto store = in_memory_memory_store();
  const agent_memory memory{{.store = store, .embeddings = std::make_shared<broken_model>()}};
  agent_memory{{.store = store}}.remember(user_place("ann"), {{.text = "likes tea"}});
  executor<state> executor{recalling(memory)};
  const auto run = executor.start(asking, {.events = all_events});
  CHECK(run.join().state().known == texts{"likes tea"});
  std::string told;
  auto stream = run.stream();
  while (const auto event = stream.next()) {
    if (event->name == "memory_degraded") told = event->json;
  }
  CHECK_THAT(told, Contains("server_failed"));
}

TEST_CASE("A memory without any store fails its node, and so does a place without an id",
          "[memory]") {
  executor<state> without{recalling(agent_memory{})};
  CHECK(without.run_to_result(asking).info.error.value().code() == errc::no_store);
  executor<state> nobody{recalling(agent_memory{{.store = in_memory_memory_store()}})};
  CHECK(nobody.run_to_result({.messages = {user_message("x")}}).info.error.value().code() ==
        errc::invalid_argument);
}

// ---- as tools ---------------------------------------------------------------------------------

std::vector<memory_place> anns(context&) {
  return {user_place("ann")};
}
memory_place ann(context&) {
  return user_place("ann");
}

/// A tool's answer, which comes from another thread.
class waiting_port final : public tool_port {
 public:
  bool done(tool_result given) override { return answered_.set_value(std::move(given)), true; }
  bool fail(failure given) override {
    return answered_.set_value(
               {.content = std::string{name(given.error.code())}, .is_error = true}),
           true;
  }
  [[nodiscard]] mcp::context& context() noexcept override { return context_; }
  [[nodiscard]] const std::string& call_id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& idempotency_key() const noexcept override { return id_; }
  [[nodiscard]] int attempt() const noexcept override { return 1; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  void on_cancel(std::function<void()>) override {}
  std::string wait() { return answered_.get_future().get().content; }

 private:
  std::promise<tool_result> answered_;
  testkit::fake_context fake_;
  mcp::context context_{fake_.start()};
  std::string id_ = "call-1";
};

std::string told(const std::shared_ptr<tool>& what, const std::string& arguments) {
  const auto port = std::make_shared<waiting_port>();
  what->start(arguments, tool_reply{port});
  return port->wait();
}

TEST_CASE("A model remembers, recalls and forgets with tools, in places of the program's choice",
          "[memory]") {
  const agent_memory memory{{.store = in_memory_memory_store()}};
  const auto remember = remember_tool(memory, ann);
  const auto recall = recall_tool(memory, anns, 1);
  const auto forget = forget_tool(memory, ann);
  const auto first = told(remember, R"({"text":"likes tea","kind":"fact"})");
  CHECK(told(remember, R"({"text":"likes tea","kind":"fact"})") == first);
  CHECK_THAT(first, Catch::Matchers::StartsWith("remembered as "));
  const auto key = first.substr(14);
  told(remember, R"({"text":"drinks tea"})");
  CHECK_THAT(told(recall, R"({"query":"likes","limit":9})"),
             Contains("\"key\":\"" + key + "\"") && Contains("\"kind\":\"fact\""));
  CHECK(told(recall, R"({"query":"coffee"})") == "[]");
  CHECK(told(forget, "{\"key\":\"" + key + "\"}") == "forgotten");
  CHECK(told(forget, "{\"key\":\"" + key + "\"}") == "there is no such note");
  CHECK(memory.list(user_place("ann")).size() == 1);
  CHECK(told(remember, R"({"text":"  "})") == "invalid_argument");
  CHECK_THROWS_AS(remember_tool(memory, {}), error);
  CHECK_THROWS_AS(recall_tool(memory, anns, 0), error);
}

TEST_CASE("A tool loop remembers in one conversation and recalls in another", "[memory]") {
  const agent_memory memory{{.embeddings = hashing_embeddings()}};
  const tool_set tools{remember_tool(memory, ann), recall_tool(memory, anns)};
  const auto model = scripted_model(
      {.rules = {
           {.role = "user",
            .contains = "I drink",
            .answers = {{.tool_calls = {{"1", "remember", R"({"text":"Ann likes tea"})"}}}}},
           {.role = "user", .answers = {{.tool_calls = {{"1", "recall", R"({"query":"likes"})"}}}}},
           {.role = "tool", .answer = [](const chat_request& request) {
              return scripted_answer{.text = "heard: " + request.messages.back().content};
            }}}});
  const auto loop = tool_loop("agent",
                              model_node(model, &chat_state::messages,
                                         {.tools_now = [tools] { return tools.descriptions(); }}),
                              tools, &chat_state::messages);
  executor<chat_state> executor{
      loop, {.store = in_memory_checkpoint_store(), .memory = in_memory_memory_store()}};
  executor.run({.messages = {user_message("I drink tea")}}, {.thread_id = "one"});
  const auto after =
      executor.run({.messages = {user_message("What do I like?")}}, {.thread_id = "two"});
  CHECK_THAT(after.messages.back().content, Contains("Ann likes tea"));
}

}  // namespace memory_nodes_test
