// Agents whose messages workers handle: one process, loopback connections.
#include "mcp/agent.hpp"
#include "mcp/agent_system.hpp"
#include "runtime/cluster_system_support.hpp"
#include "runtime/small_cluster.hpp"

#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

constexpr milliseconds patience{60'000};

/// What the handlers share with the test that runs.
struct meeting {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> ids;  ///< of the messages that were begun
  bool open = false;
  bool cancelled = false;

  void wait_until_open(agent_context& ctx) {
    std::unique_lock lock{mutex};
    ids.emplace_back(ctx.message_id());
    changed.notify_all();
    while (!open && !ctx.cancelled()) changed.wait_for(lock, 1ms);
    cancelled = ctx.cancelled();
    changed.notify_all();
  }
  void let_go() {
    const std::lock_guard lock{mutex};
    open = true;
    changed.notify_all();
  }
  template <class Ready>
  void wait_until(Ready ready) {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return ready(*this); });
  }
};
meeting* met = nullptr;

struct till {
  std::int64_t sum = 0;
  std::vector<std::string> lines{};
};
MCP_STATE(till, sum, lines)
struct pay {
  std::int64_t amount = 1;
};
MCP_STRUCT(pay, amount)
struct read_all {};
MCP_STRUCT(read_all)
struct write_line {
  std::string text{};
};
MCP_STRUCT(write_line, text)
struct pay_there {
  std::string address{};
  std::int64_t amount = 1;
};
MCP_STRUCT(pay_there, address, amount)
struct do_all {
  std::string how{};
};
MCP_STRUCT(do_all, how)
struct hold {};
MCP_STRUCT(hold)
struct shout {
  using reply = std::string;
  std::int64_t size = 1;
};
MCP_STRUCT(shout, size)
struct listen {
  std::int64_t size = 1;
};
MCP_STRUCT(listen, size)

void do_everything(till& s, const do_all& m, agent_context& ctx) {
  s.sum += 1'000;
  if (m.how == "reject") ctx.reject({errc::access_denied, "not you"});
  if (m.how == "fail") throw std::runtime_error{"meant"};
  if (m.how == "unknown") ctx.tell("kit.nobody/x", write_line{"to nobody"});
  if (m.how == "ids") {
    s.lines.push_back(ctx.make_id());
    s.lines.push_back(ctx.make_id());
    return ctx.reply(s.lines);
  }
  if (m.how == "later") {
    std::thread{[later = ctx.later<till>()] {
      later.resume([](till& state, agent_context& on) {
        state.sum += 1;
        on.reply(state.sum);
      });
    }}.detach();
    return;
  }
  if (m.how == "dropped") return static_cast<void>(ctx.later<till>());
  if (m.how == "before") {
    ctx.before_commit([] {});
    ctx.before_commit([] { throw error{errc::server_failed, "the step failed"}; });
    return;
  }
  if (m.how == "sends") {
    ctx.tell("kit.till/other", write_line{"told by " + std::string{ctx.address()}});
    ctx.tell_durable("kit.till/other", write_line{"told durably"});
    ctx.subscribe("news");
    ctx.schedule(1ms, write_line{"scheduled"});
    ctx.publish("all", write_line{"published"});
  }
  if (m.how == "again") {
    s.lines.push_back(ctx.make_id());
    ctx.tell("kit.till/other", write_line{"of the first try"});
    ctx.start_over();
    s.lines.push_back(ctx.make_id());
    return ctx.reply(s.lines);
  }
}

void offer_agents(plugin& to) {
  to.agent("", mcp::agent<till>("till")
                   .on([](till& t, const pay& p) { return t.sum += p.amount; })
                   .on([](const till& t, const read_all&) { return t; })
                   .on([](till& t, const write_line& m) { t.lines.push_back(m.text); })
                   .on(do_everything)
                   .on([](till& t, const pay_there& m, agent_context& ctx) {
                     t.lines.push_back("asks");
                     ctx.ask(m.address, pay{m.amount}, patience,
                             [](till& state, agent_outcome got, agent_context& on) {
                               state.sum += got.as<std::int64_t>();
                               on.reply(state.sum);
                             });
                   })
                   .on([](till&, const listen& m, agent_context& ctx) {
                     ctx.ask("near.shouter/x", shout{m.size}, patience,
                             [](till&, const agent_outcome& got, agent_context& on) {
                               if (got.error) on.reject(*got.error);
                               on.reply(static_cast<std::int64_t>(got.as<std::string>().size()));
                             });
                   })
                   .on([](till& t, const hold&, agent_context& ctx) {
                     met->wait_until_open(ctx);
                     return ++t.sum;
                   })
                   .initial([](std::string_view key) {
                     return till{key == "rich" ? 100 : 0, {}};
                   }));
}

/// What the server has itself.
void offer_near(plugin& to) {
  to.agent("", mcp::agent<till>("shouter").on([](const till&, const shout& m) {
    return std::string(static_cast<std::size_t>(m.size), 'x');
  }));
}
constexpr plugin_manifest near_plugin{"FASTMCP", plugin_abi, "near", "1.0.0", "", offer_near};

constexpr plugin_manifest agents_plugin{"FASTMCP", plugin_abi, "kit", "1.0.0", "", offer_agents};

/// A system with a node that pays into the till of the input's key, and its agents at hand.
class agent_cluster : public small_cluster {
 public:
  explicit agent_cluster(const std::string& more = "store: memory\n")
      : small_cluster(agents_plugin), folder(text(more)), system(folder.load(options())) {
    runs = &system->executor();
    agents = system->agents();
  }

  json ask(const std::string& key, const std::string& name, const json& content = json::object()) {
    return json::parse(agents->ask_json("kit.till/" + key, name, content.dump(), patience));
  }

  cluster_folder folder;
  std::shared_ptr<cluster_system> system;
  executor<json_state>* runs = nullptr;
  std::shared_ptr<agent_system> agents;

 private:
  static std::string text(const std::string& more) {
    return more + R"(
plugins: {kit: {on: workers}}
state: {key: string, amount: integer, sum: integer}
nodes:
  pay: {agent: kit.till, key: "{{ state.key }}", message: pay, content: {amount: state.amount}, into: sum}
edges: [start -> pay -> END]
)";
  }
};

}  // namespace

TEST_CASE("Agents of a plugin that only workers have live on the server and work there",
          "[remote_agents]") {
  agent_cluster cluster;
  auto& worker = cluster.add("one");
  const auto pay_in = [&](const std::string& key, int amount) {
    return cluster.runs->run(json_state{cluster.system->type(), {{"key", key}, {"amount", amount}}})
        .at("sum")
        .get<int>();
  };
  CHECK(pay_in("ann", 3) == 3);
  CHECK(pay_in("ann", 4) == 7);
  CHECK(pay_in("rich", 1) == 101);
  CHECK(cluster.ask("ann", "read_all")["sum"] == 7);
  CHECK(worker.status().done == 4);
  CHECK(cluster.agents->status("kit.till/ann").handled == 3);
}

TEST_CASE("An agent stays with the worker that has its state", "[remote_agents]") {
  agent_cluster cluster;
  cluster.add("one");
  cluster.add("two");
  eventually([&] { return cluster.server->members().size() == 2; });
  for (int i = 1; i <= 20; ++i) CHECK(cluster.ask("ann", "pay", {{"amount", 1}}) == i);
  const auto first = cluster.workers[0]->status().done;
  CHECK((first == 20 || first == 0));
  CHECK(first + cluster.workers[1]->status().done == 20);
  // The other one gets the state when it has to.
  cluster.workers.erase(cluster.workers.begin() + (first == 20 ? 0 : 1));
  CHECK(cluster.ask("ann", "pay", {{"amount", 1}}) == 21);
  CHECK(cluster.ask("ann", "pay", {{"amount", 1}}) == 22);
}

TEST_CASE("What a handler on a worker does is done by its agent", "[remote_agents]") {
  agent_cluster cluster;
  cluster.add("one");

  SECTION("it rejects, and is not blamed for it") {
    CHECK_THROWS_WITH(cluster.ask("ann", "do_all", {{"how", "reject"}}), Contains("not you"));
    CHECK(cluster.ask("ann", "read_all")["sum"] == 0);
    CHECK(cluster.agents->status("kit.till/ann").failed == 0);
  }
  SECTION("it fails, and nothing has happened") {
    CHECK_THROWS_WITH(cluster.ask("ann", "do_all", {{"how", "fail"}}), Contains("meant"));
    CHECK(cluster.ask("ann", "read_all")["sum"] == 0);
    CHECK(cluster.agents->status("kit.till/ann").failed == 1);
  }
  SECTION("it makes the ids that it would make anywhere") {
    const auto ids = cluster.ask("ann", "do_all", {{"how", "ids"}});
    REQUIRE(ids.size() == 2);
    CHECK(ids[0] != ids[1]);
    agent_system local{{}, {load_plugin(agents_plugin)->offers.agents().front().spec}};
    local.send("till/ann", {.name = "do_all", .cbor = json_to_cbor(R"({"how":"ids"})")},
               {.id = "the same"});
    cluster.agents->send("kit.till/bob",
                         {.name = "do_all", .cbor = json_to_cbor(R"({"how":"ids"})")},
                         {.id = "the same"});
    CHECK(json::parse(local.ask_json("till/ann", "read_all", "{}", patience))["lines"] ==
          cluster.ask("bob", "read_all")["lines"]);
  }
  SECTION("it goes on later, and is missed when it does not") {
    CHECK(cluster.ask("ann", "do_all", {{"how", "later"}}) == 1'001);
    CHECK_THROWS_WITH(cluster.ask("ann", "do_all", {{"how", "dropped"}}), Contains("dropped"));
    CHECK(cluster.ask("ann", "read_all")["sum"] == 1'001);
  }
  SECTION("a step before its end fails it") {
    CHECK_THROWS_WITH(cluster.ask("ann", "do_all", {{"how", "before"}}),
                      Contains("the step failed"));
    CHECK(cluster.ask("ann", "read_all")["sum"] == 0);
  }
  SECTION("it sends") {
    cluster.agents->subscribe("kit.till/other", "all");
    static_cast<void>(cluster.ask("ann", "do_all", {{"how", "sends"}}));
    std::set<std::string> lines;
    while (lines.size() < 3) {
      const auto other = cluster.ask("other", "read_all");
      for (const auto& line : other["lines"]) lines.insert(line.get<std::string>());
    }
    CHECK(lines == std::set<std::string>{"told by kit.till/ann", "told durably", "published"});
    CHECK(cluster.agents->subscribers("news") == 1);
    while (cluster.ask("ann", "read_all")["lines"] != json{"scheduled"}) {
    }
  }
  SECTION("what it sends to nobody fails it") {
    CHECK_THROWS_WITH(cluster.ask("ann", "do_all", {{"how", "unknown"}}), Contains("kit.nobody"));
    CHECK(cluster.ask("ann", "read_all")["sum"] == 0);
  }
  SECTION("it asks others, and the answer comes to it") {
    CHECK(cluster.ask("other", "pay", {{"amount", 5}}) == 5);
    CHECK(cluster.ask("ann", "pay_there", {{"address", "kit.till/other"}, {"amount", 2}}) == 7);
    CHECK(cluster.ask("ann", "read_all")["lines"] == json{"asks"});
    CHECK_THROWS_WITH(cluster.ask("ann", "pay_there", {{"address", "kit.till/ann"}}),
                      Contains("would wait for each other"));
    CHECK_THROWS_WITH(cluster.ask("ann", "pay_there", {{"address", "kit.none/x"}}),
                      Contains("kit.none"));
    CHECK(cluster.ask("ann", "read_all")["sum"] == 7);
  }
  SECTION("it starts over") {
    const auto ids = cluster.ask("ann", "do_all", {{"how", "again"}});
    CHECK(ids.at(0) == ids.at(1));
    CHECK(cluster.ask("other", "read_all")["lines"].empty());
  }
  SECTION("messages that are none of its are refused with what it knows") {
    CHECK_THROWS_WITH(cluster.ask("ann", "pai"), Contains("did you mean \"pay\"?"));
    CHECK_THROWS_WITH(cluster.ask("ann", "pay", {{"amount", "much"}}), Contains("amount"));
    CHECK(cluster.agents->status("kit.till/ann").failed == 0);
  }
}

TEST_CASE("A message whose worker is gone is handled by another one, under the same id",
          "[remote_agents]") {
  meeting here;
  met = &here;
  agent_cluster cluster;
  cluster.add("one", 1);
  CHECK(cluster.ask("ann", "pay", {{"amount", 5}}) == 5);
  auto answer = std::async(std::launch::async, [&] { return cluster.ask("ann", "hold"); });
  here.wait_until([](const meeting& m) { return m.ids.size() == 1; });
  cluster.add("two", 1);
  eventually([&] { return cluster.server->members().size() == 2; });
  // Its end waits for the handler, which hears that it is cancelled.
  cluster.workers.erase(cluster.workers.begin());
  here.wait_until([](const meeting& m) { return m.ids.size() == 2; });
  CHECK(here.ids[0] == here.ids[1]);
  here.let_go();
  CHECK(answer.get() == 6);
  CHECK(cluster.ask("ann", "read_all")["sum"] == 6);
}

TEST_CASE("What a lost worker had sent and asked is forgotten when its message begins anew",
          "[remote_agents]") {
  meeting here;
  met = &here;
  agent_cluster cluster;
  cluster.add("one", 2);
  // The message waits for an agent that is held up, when its worker goes.
  auto held = std::async(std::launch::async, [&] { return cluster.ask("other", "hold"); });
  here.wait_until([](const meeting& m) { return m.ids.size() == 1; });
  auto answer = std::async(std::launch::async, [&] {
    return cluster.ask("ann", "pay_there", {{"address", "kit.till/other"}, {"amount", 2}});
  });
  eventually([&] { return cluster.agents->status("kit.till/other").waiting == 1; });
  cluster.add("two", 2);
  eventually([&] { return cluster.server->members().size() == 2; });
  cluster.workers.erase(cluster.workers.begin());
  here.wait_until([](const meeting& m) { return m.ids.size() == 2; });
  here.let_go();
  CHECK(held.get() == 1);
  CHECK(answer.get() == 3);
  CHECK(cluster.ask("other", "read_all")["sum"] == 3);  // the first question was withdrawn
  CHECK(cluster.ask("ann", "read_all")["lines"] == json{"asks"});
}

TEST_CASE("An answer that does not fit a message is the error of the question, and nothing else",
          "[remote_agents]") {
  constexpr std::size_t most = 20'000;
  small_cluster cluster{agents_plugin, {.link = {.message_bytes = most}}};
  const cluster_folder folder{
      "plugins: {kit: {on: workers}}\nstate: {sum: integer}\nagents: {kit.till: {}}\n"
      "nodes: {n: {lua: 'return {}'}}\nedges: [start -> n -> END]\n"};
  auto load = cluster.options();
  load.plugins.built_in.push_back(load_plugin(near_plugin));
  const auto system = folder.load(load);
  static_cast<void>(system->executor());
  cluster.add("one");
  const auto listen_to = [&](std::size_t size) {
    return system->agents()->ask_json("kit.till/ann", "listen", json{{"size", size}}.dump(),
                                      patience);
  };
  CHECK(listen_to(10'000) == "10000");
  CHECK_THROWS_WITH(listen_to(most), Contains("a message to a worker has at most 20000"));
  CHECK(listen_to(5) == "5");
}

TEST_CASE("A handler on a worker hears that nobody waits any more", "[remote_agents]") {
  meeting here;
  met = &here;
  agent_cluster cluster;
  auto& worker = cluster.add("one", 1);
  std::promise<void> told;
  const auto asked =
      cluster.agents->call("kit.till/ann", {.name = "hold", .cbor = json_to_cbor("{}")}, patience,
                           [&](const agent_outcome& outcome) {
                             CHECK(outcome.error->code() == errc::cancelled);
                             told.set_value();
                           },
                           {});
  here.wait_until([](const meeting& m) { return m.ids.size() == 1; });
  asked.cancel();
  told.get_future().wait();
  here.wait_until([](const meeting& m) { return m.cancelled; });
  eventually([&] { return worker.status().idle; });
  CHECK(cluster.ask("ann", "read_all")["sum"] == 1);  // it was handled to its end
}

TEST_CASE("A durable message waits for a worker as long as it takes, another one is refused",
          "[remote_agents]") {
  small_cluster cluster{agents_plugin, {.placement = {.patience = std::chrono::milliseconds{50}}}};
  const cluster_folder folder{
      "store: {sqlite: team.db}\nplugins: {kit: {on: workers}}\nstate: {sum: integer}\n"
      "agents: {kit.till: {saving: sync}}\n"
      "nodes: {n: {lua: 'return {}'}}\nedges: [start -> n -> END]\n"};
  {
    const auto system = folder.load(cluster.options());
    static_cast<void>(system->executor());
    const auto agents = system->agents();
    agents->send_durable("kit.till/ann", {.name = "pay", .cbor = json_to_cbor(R"({"amount":8})")},
                         {});
    CHECK_THROWS_WITH(
        agents->ask_json("kit.till/bob", "pay", "{}", patience),
        Contains("no member offers agents and the plugin \"kit\"") || Contains("no member offers"));
    CHECK(agents->status("kit.till/ann").waiting + agents->status("kit.till/ann").handled == 0);
  }
  // Across a restart, too.
  const auto system = folder.load(cluster.options());
  static_cast<void>(system->executor());
  cluster.add("late");
  eventually([&] {
    return json::parse(
               system->agents()->ask_json("kit.till/ann", "read_all", "{}", patience))["sum"] == 8;
  });
}

TEST_CASE("A stopped agent leaves its worker, and what is stored is as if it had worked here",
          "[remote_agents]") {
  const cluster_folder folder{
      "store: {sqlite: team.db}\nplugins: {kit: {on: workers}}\nstate: {sum: integer}\n"
      "agents: {kit.till: {saving: sync, placement: {labels: {zone: eu}}}}\n"
      "nodes: {n: {lua: 'return {}'}}\nedges: [start -> n -> END]\n"};
  {
    meeting here;
    met = &here;
    small_cluster cluster{agents_plugin};
    auto& other = cluster.add("other");
    auto& worker = cluster.add("one", 2, {{"zone", "eu"}});
    const auto system = folder.load(cluster.options());
    static_cast<void>(system->executor());
    const auto agents = system->agents();
    CHECK(agents->ask_json("kit.till/ann", "pay", R"({"amount":8})", patience) == "8");
    agents->tell_json("kit.till/ann", "hold", "{}");
    here.wait_until([](const meeting& m) { return m.ids.size() == 1; });
    agents->stop("kit.till/ann", "the test says so");
    here.wait_until([](const meeting& m) { return m.cancelled; });
    eventually([&] { return worker.status().idle; });
    CHECK(other.status().done == 0);
  }
  auto spec = load_plugin(agents_plugin)->offers.agents().front().spec;
  spec.type = "kit.till";
  agent_system local{{.name = "team", .store = sqlite_checkpoint_store(folder.path("team.db"))},
                     {spec}};
  CHECK(json::parse(local.ask_json("kit.till/ann", "read_all", "{}", patience))["sum"] == 8);
}

TEST_CASE("Agents have the options that the file gives their type", "[remote_agents]") {
  meeting here;
  met = &here;
  agent_cluster cluster{"agents: {kit.till: {mailbox: 1}}\n"};
  cluster.add("one");
  auto held = std::async(std::launch::async, [&] { return cluster.ask("ann", "hold"); });
  here.wait_until([](const meeting& m) { return m.ids.size() == 1; });
  cluster.agents->tell_json("kit.till/ann", "pay", "{}");
  CHECK_THROWS_WITH(cluster.agents->tell_json("kit.till/ann", "pay", "{}"),
                    Contains("mailbox = 1"));
  here.let_go();
  CHECK(held.get() == 1);
}

TEST_CASE("What a file says of agents is checked", "[remote_agents]") {
  const cluster_folder folder{
      "plugins: {kit: {on: workers}}\nstate: {sum: integer}\n"
      "agents:\n  kit.till: {mailbox: 0, overflow: drop, idle: 1 parsec, placement: [], speed: 1}\n"
      "  kat.till: {placement: {replicas: 0, max_in_flight: x}}\n"
      "nodes: {n: {lua: 'return {}'}}\nedges: [start -> n -> END]\n"};
  const auto problems = folder.problems();
  for (const auto* part : {"team.yaml:4:", "mailbox", "overflow", "idle", "placement", "speed",
                           "kat", "replicas", "max_in_flight"}) {
    CHECK_THAT(problems, Contains(part));
  }
}
