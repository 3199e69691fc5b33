#include "mcp/memory_store.hpp"
#include "runtime/cluster_system_support.hpp"
#include "script/sandbox.hpp"

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// Runs a script with a memory, as one task.
json run(const std::string& text, memory_store* store, const std::string& task = "task") {
  sandbox box{{}};
  script_memory memory{store, {"system", "test"}, task, 0};
  box.set_memory(memory);
  return box.call(compiled_script{{"test.yaml", 1, text}, compiled_script::form::body});
}

std::string failure_of(const std::string& text, memory_store* store) {
  try {
    static_cast<void>(run(text, store));
  } catch (const error& why) {
    CHECK(why.code() == errc::script_failed);
    return why.message();
  }
  return {};
}

}  // namespace

TEST_CASE("A script remembers, recalls, gets and forgets") {
  const auto store = in_memory_memory_store();
  run("memory.remember('users', 'green tea', {key = 'a'})"
      "memory.remember({'users', 'ada'}, {text = 'black coffee', n = 3}, {key = 'b'})",
      store.get());
  CHECK(store->get({"system", "test", "users"}, "a")->value == R"({"text":"green tea"})");
  const auto found = run("return memory.recall('users', 'coffee')", store.get());
  REQUIRE(found.size() == 1);
  CHECK(found[0]["key"] == "b");
  CHECK(found[0]["value"]["n"] == 3);
  CHECK(run("return #memory.recall('users')", store.get()) == 2);
  CHECK(run("return #memory.recall('users', nil, 1)", store.get()) == 1);
  CHECK(run("return memory.get('users', 'a').text", store.get()) == "green tea");
  CHECK(run("return memory.get('users', 'b') == nil", store.get()) == true);
  CHECK(run("return memory.forget('users', 'a')", store.get()) == true);
  CHECK(run("return memory.forget('users', 'a')", store.get()) == false);
}

TEST_CASE("A task that is repeated remembers nothing twice") {
  const auto store = in_memory_memory_store();
  const std::string script = "memory.remember('x', 'one') memory.remember('x', 'two')";
  run(script, store.get());
  run(script, store.get());
  CHECK(run("return #memory.recall('x')", store.get()) == 2);
  run(script, store.get(), "another task");
  CHECK(run("return #memory.recall('x')", store.get()) == 4);
}

TEST_CASE("What a script remembers goes when its time is over") {
  store_time now{};
  const auto store = in_memory_memory_store({.clock = [&now] { return now; }});
  run("memory.remember('x', 'short', {ttl = 2})", store.get());
  CHECK(run("return #memory.recall('x')", store.get()) == 1);
  now += std::chrono::seconds{5};
  CHECK(run("return #memory.recall('x')", store.get()) == 0);
}

TEST_CASE("The memory of a script is bounded, and its misuse an error of the script") {
  const auto store = in_memory_memory_store();
  CHECK_THAT(failure_of("for i = 1, 1000 do memory.get('x', 'y') end", store.get()),
             Contains("at most 100 times"));
  for (int i = 0; i < 5; ++i) {
    store->put({"system", "test", "big"}, std::to_string(i),
               json{{"text", std::string(900'000, 'x')}}.dump());
  }
  CHECK_THAT(failure_of("memory.recall('big')", store.get()), Contains("too large together"));
  CHECK_THAT(failure_of("memory.remember('x', 7)", store.get()), Contains("a text or a table"));
  CHECK_THAT(failure_of("memory.remember({}, 'a')", store.get()), Contains("a namespace is"));
  CHECK_THAT(failure_of("memory.remember('a.b', 'a')", store.get()), Contains("memory: "));
  CHECK_THAT(failure_of("memory.remember('x', 'a', {ttl = -1})", store.get()), Contains("`ttl`"));
  CHECK_THAT(failure_of("memory.get('x')", store.get()), Contains("a key is a text"));
  CHECK_THAT(failure_of("memory.remember('x', print)", store.get()), Contains("memory: "));
  CHECK_THAT(failure_of("memory.get('x', 'y')", nullptr), Contains("no memory"));
  CHECK(run("return pcall(memory.get)", store.get()) == false);
}

TEST_CASE("Threads of a system share its memory, another system's is its own") {
  const cluster_folder folder{R"(name: one
state: {say: string, heard: list}
nodes:
  talk:
    lua: |
      if state.say ~= "" then memory.remember("x", state.say) end
      local heard = list{}
      for _, one in ipairs(memory.recall("x")) do heard[#heard + 1] = one.value.text end
      return {heard = heard}
edges: [start -> talk -> END]
memory: {sqlite: memory.db}
)"};
  const auto heard = [&folder](const std::string& say) {
    const auto system = folder.load();
    return system->executor().run(json_state{system->type(), {{"say", say}}}).at("heard");
  };
  CHECK(heard("tea") == json{"tea"});
  CHECK(heard("") == json{"tea"});  // another process, as far as the file knows
  folder.write("team.yaml", R"(name: two
state: {heard: integer}
nodes: {talk: {lua: "return {heard = #memory.recall('x')}"}}
edges: [start -> talk -> END]
memory: {sqlite: memory.db}
)");
  const auto system = folder.load();
  CHECK(system->executor().run(json_state{system->type()}).at("heard") == 0);
}

TEST_CASE("Problems of `memory` have their place") {
  const auto problems = [](const std::string& memory) {
    return cluster_folder{
        "state: {a: string}\nnodes: {n: {lua: \"return {}\"}}\n"
        "edges: [start -> n -> END]\nmemory: " +
        memory + "\n"}
        .problems();
  };
  CHECK(problems("memory").empty());
  CHECK(problems("{sqlite: m.db, namespace: team, ttl: 24h}").empty());
  CHECK_THAT(problems("{sqlit: m.db}"), Contains("team.yaml:4:10:") && Contains("\"sqlite\""));
  CHECK_THAT(problems("{ttl: soon}"), Contains("write a duration"));
  CHECK_THAT(problems("{namespace: \"a b\"}"), Contains("cannot be the name"));
}
