// `migrate` of a cluster file: the state of a thread comes along to a new version.
#include "mcp/checkpoint_store.hpp"
#include "runtime/cluster_system_support.hpp"

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// One node, which counts its runs in `log`.
std::string counting(const std::string& fields, const std::string& more = {}) {
  return "name: counter\nstate: {log: {type: array, items: {type: string}, reducer: append}, " +
         fields + "}\n" + more +
         "nodes: {n: {lua: \"return {log = list{'run'}}\"}}\nedges: [start -> n -> END]\n";
}

/// Versions of a file that share a store, as at a server.
struct versions {
  std::shared_ptr<checkpoint_store> store = in_memory_checkpoint_store();

  [[nodiscard]] std::shared_ptr<cluster_system> load(const std::string& text) const {
    load_options options;
    options.text = text;
    auto made = cluster_system::load("counter.yaml", options);
    made->serve_with({.pin_versions = true, .checkpoints = store});
    return made;
  }
  [[nodiscard]] static json run(cluster_system& system, const json& input = json::object()) {
    auto options = system.default_run_options();
    options.thread_id = "t";
    const auto ended = system.executor().run_to_result(json_state{system.type(), input}, options);
    ended.check();
    return json(ended.state().to_json());
  }
};

std::string failure_of(cluster_system& system) {
  try {
    static_cast<void>(versions::run(system));
  } catch (const error& wrong) {
    CHECK(wrong.code() == errc::script_failed);
    return wrong.message();
  }
  return "no error";
}

}  // namespace

TEST_CASE("A new version of a file takes the state of an old thread over by its script") {
  const versions all;
  const auto first = all.load(counting("count: integer"));
  static_cast<void>(versions::run(*first, {{"count", 3}}));
  const auto second = all.load(counting("total: integer, seen: string", R"(migrate:
  lua: |
    return {log = state.log, total = state.count * 10, seen = from}
)"));
  auto state = versions::run(*second);
  CHECK(state["total"] == 30);
  CHECK(state["seen"] == first->version());
  CHECK(state["log"] == json{"run", "run"});
  // Once: the thread is of this version now.
  state = versions::run(*second);
  CHECK(state["total"] == 30);
  CHECK(state["log"].size() == 3);
}

TEST_CASE("What a migration leaves as it is stays as it is") {
  const versions all;
  const auto first =
      all.load(counting("deep: {type: object}, empty: {type: array}, none: {type: 'null'}, chat: "
                        "messages, unset: string"));
  const json input{{"deep", {{"a", json::array({1, 2.5, nullptr, json::object()})}}},
                   {"empty", json::array()},
                   {"chat", {{{"role", "user"}, {"content", "hello"}}}}};
  const auto before = versions::run(*first, input);
  const auto second =
      all.load(counting("deep: {type: object}, empty: {type: array}, none: {type: 'null'}, chat: "
                        "messages, unset: string",
                        "migrate: {lua: return state}\n"));
  auto after = versions::run(*second);
  CHECK(after["log"].size() == 2);
  after["log"] = before["log"];
  CHECK(after == before);
}

TEST_CASE("A migration that fails is the error of the start, with its place, and harms nothing") {
  const versions all;
  const auto first = all.load(counting("count: integer"));
  static_cast<void>(versions::run(*first, {{"count", 3}}));
  const auto broken = [&](const std::string& script) {
    const auto system = all.load(counting("count: integer", "migrate: {lua: " + script + "}\n"));
    return failure_of(*system);
  };
  CHECK_THAT(broken("return state.count.x"),
             Contains("`migrate`, from version " + first->version() +
                      ": the script failed: counter.yaml:3: "));
  CHECK_THAT(broken("while true do end"), Contains("the script failed: it used more instructions"));
  CHECK_THAT(broken("return 7"), Contains("it returned 7; return the table of the state's fields"));
  const auto wrong =
      all.load(counting("count: integer", "migrate: {lua: \"return {count = 'x'}\"}\n"));
  CHECK_THROWS_WITH(versions::run(*wrong),
                    Contains("`migrate`, from version ") && Contains("count"));
  const auto old = all.load(counting("total: integer", "migrate: {lua: return state}\n"));
  CHECK_THROWS_WITH(versions::run(*old), Contains("has no field \"count\""));
  CHECK(versions::run(*first)["log"].size() == 2);
}

TEST_CASE("What is wrong with a `migrate` is reported with line and column") {
  const auto problems = [](const std::string& text) {
    return cluster_folder{counting("count: integer", text)}.problems();
  };
  CHECK_THAT(problems("migrate: {lua: 'return {'}\n"), Contains("team.yaml:3:16: this is not Lua"));
  CHECK_THAT(problems("migrate: {}\n"), Contains("team.yaml:3:10: `migrate` has no `lua`"));
  CHECK_THAT(problems("migrate: return state\n"), Contains("team.yaml:3:10: "));
  CHECK_THAT(problems("migrate: {lua: return state, to: 1}\n"), Contains("team.yaml:3:30: "));
  CHECK_THAT(problems("migrate: {lua: \"memory.get('a', 'b')\"}\n"),
             Contains("team.yaml:3:16: `migrate` has no `memory`"));
  CHECK(problems("migrate: {lua: return state}\n").empty());
}
