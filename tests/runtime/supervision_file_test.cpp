#include "mcp/agent.hpp"
#include "plugins/plugin_rules.hpp"
#include "runtime/cluster_system_support.hpp"

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

struct stall {
  std::int64_t sold = 0;
};
MCP_STATE(stall, sold)
struct sell {
  std::int64_t count = 0;
  using reply = std::int64_t;
};
MCP_STRUCT(sell, count)

auto stall_type(const std::string& name) {
  return agent<stall>(name)
      .on([](stall& s, const sell& m) {
        if (m.count < 0) throw std::runtime_error{"sold out"};
        return s.sold += m.count;
      })
      .options({.on_failure = agent_on_failure::escalate});
}

constexpr plugin_manifest market_manifest{
    "FASTMCP", plugin_abi, "shop", "1.0.0", "", [](plugin& to) {
      to.agent("", stall_type("cart"));
      to.agent("", stall_type("bill"));
      to.agent("", stall_type("parcel"));
    }};

cluster::load_options with_market() {
  cluster::load_options options;
  options.plugins.built_in.push_back(cluster::load_plugin(market_manifest));
  return options;
}

/// Sells `n` at a stall; a failure does not end the run.
std::string market(const std::string& supervision) {
  return R"(state:
  stall: string
  n: integer
  sum: integer
nodes:
  sell: {agent: "shop.cart", key: "1", message: sell, content: {count: state.n}, into: sum, fallback: other}
  other: {lua: "return {}"}
  count: {agent: "shop.bill", key: "1", message: sell, content: {count: "2"}, into: sum}
edges: [start -> sell -> count -> END, other -> END]
)" + supervision;
}

std::string market_problems(const std::string& supervision) {
  return cluster_folder{market(supervision)}.problems(with_market());
}

constexpr const char* fine_tree = R"(supervision:
  orders: {strategy: one_for_all, intensity: 5, period: 2s, children: [shop.cart, shop.bill, shipping]}
  shipping: {children: [shop.parcel]}
)";

}  // namespace

TEST_CASE("The agents of a file restart as its supervision says", "[supervision]") {
  CHECK(market_problems(fine_tree).empty());
  const auto together = GENERATE(true, false);
  std::string tree = fine_tree;
  if (!together) tree.replace(tree.find("one_for_all"), 11, "one_for_one");
  const cluster_folder folder{market(tree)};
  const auto system = folder.load(with_market());
  auto& runs = system->executor();
  const auto run = [&](std::int64_t n) {
    const auto ended = runs.run_to_result(json_state{system->type(), json{{"n", n}}},
                                          system->default_run_options());
    ended.check();
    return nlohmann::json(ended.state().to_json()).value("sum", std::int64_t{-1});
  };
  CHECK(run(1) == 2);
  CHECK(run(1) == 4);
  CHECK(run(-1) == (together ? 2 : 6));  // the bill began anew with the cart
}

TEST_CASE("What is wrong with a supervision is said with its place", "[supervision]") {
  const auto wrong = market_problems(R"(supervision:
  orders: {strategy: one_for_al, intensity: 1001, period: 0s, children: [shop.crat, shop.bill, shiping]}
  shipping: {children: [shop.parcel, shop.bill], intensty: 3}
  empty: {}
)");
  CHECK_THAT(wrong, Contains("team.yaml:11:22: ") && Contains("one_for_all"));
  CHECK_THAT(wrong, Contains("1001"));
  CHECK_THAT(wrong, Contains("`period`"));
  CHECK_THAT(wrong,
             Contains("no plugin offers the agent \"shop.crat\", did you mean \"shop.cart\"?"));
  CHECK_THAT(wrong, Contains("no agent type \"shiping\", did you mean \"shipping\"?"));
  CHECK_THAT(wrong, Contains("\"shop.bill\" is a child of the supervisor \"orders\" already"));
  CHECK_THAT(wrong, Contains("intensty") && Contains("\"intensity\""));
  CHECK_THAT(wrong, Contains("team.yaml:13:3: the supervisor \"empty\" has no `children`"));
  CHECK_THAT(wrong, Contains("\"shop.cart\" leaves its failures to a supervisor, and has none"));
}

TEST_CASE("Supervisors of a file cannot be below themselves", "[supervision]") {
  const auto wrong = market_problems(R"(supervision:
  orders: {children: [shop.cart, shop.bill, shop.parcel]}
  a: {children: [b]}
  b: {children: [a]}
  c: {children: [c]}
)");
  for (const char* name : {"a", "b", "c"}) {
    CHECK_THAT(wrong, Contains("\"" + std::string{name} + "\" is a child of its own children"));
  }
}
