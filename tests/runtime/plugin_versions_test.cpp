// Workers with different versions of a plugin: a run goes on with those that its first tasks had.
#include "runtime/cluster_system_support.hpp"
#include "runtime/small_cluster.hpp"
#include "store/temporary_folder.hpp"
#include "system/open_store.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// Nodes called `gate` wait until it is open.
struct plugin_gate {
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  bool open = false;

  void pass() {
    std::unique_lock lock{mutex};
    ++arrived;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
  }
  void wait_for(int count) {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return arrived >= count; });
  }
  void let_go() {
    const std::lock_guard lock{mutex};
    open = true;
    changed.notify_all();
  }
};

plugin_gate* gate = nullptr;  // of the test that runs

void offer_version(plugin& to, const char* version) {
  to.node("say", "", [version](const plugin_request&) {
    return [version](const json_state& s) {
      return update<json_state>{s}.set("log", json::array({version}));
    };
  });
  to.node("gate", "", [version](const plugin_request&) {
    return [version](const json_state& s) {
      gate->pass();
      return update<json_state>{s}.set("log", json::array({version}));
    };
  });
}

constexpr plugin_manifest first_version{
    "FASTMCP", plugin_abi, "kit", "1.9.0", "", [](plugin& to) { offer_version(to, "1.9.0"); }};
constexpr plugin_manifest second_version{
    "FASTMCP", plugin_abi, "kit", "1.10.0", "", [](plugin& to) { offer_version(to, "1.10.0"); }};

const std::string log_state =
    "name: kit\nplugins: {kit: {on: workers}}\n"
    "state: {log: {type: array, items: {type: string}, reducer: append}}\n";
const std::string three_nodes = log_state + R"(
nodes: {a: {type: kit.say}, b: {type: kit.gate}, c: {type: kit.say}}
edges: [start -> a -> b -> c -> END]
)";

struct versioned_cluster {
  explicit versioned_cluster(server_options options = {})
      : server(cluster_server::start(std::move(options))) {}

  /// Joins, and waits until the server knows of it.
  void add(const std::string& name, const plugin_manifest& plugin, std::size_t slots = 4) {
    worker_options options{.name = name, .server = server->address(), .slots = slots};
    options.load.plugins.built_in.push_back(load_plugin(plugin));
    workers.push_back(std::make_unique<cluster_worker>(options));
    eventually([&] {
      for (const auto& one : server->members()) {
        if (one.name == name && one.offer.versions.contains("kit")) return true;
      }
      return false;
    });
  }
  [[nodiscard]] std::shared_ptr<cluster_system> load(const cluster_folder& folder) const {
    load_options options;
    options.workers = server;
    return folder.load(options);
  }

  std::shared_ptr<cluster_server> server;
  std::vector<std::unique_ptr<cluster_worker>> workers;
};

json log_of(const run_result_info& ended) {
  if (ended.error) throw error{*ended.error};
  return json(ended.state.as<json_state>().to_json())["log"];
}

}  // namespace

TEST_CASE(
    "A run goes on with the version of a plugin that it began with, a new one gets the newest",
    "[members]") {
  plugin_gate here;
  gate = &here;
  versioned_cluster cluster;
  cluster.add("old", first_version);
  const cluster_folder folder{three_nodes};
  const auto system = cluster.load(folder);
  const auto old = system->executor().start(json_state{system->type()}, {.thread_id = "old"});
  here.wait_for(1);
  cluster.add("new", second_version);
  const auto fresh = system->executor().start(json_state{system->type()}, {.thread_id = "new"});
  here.wait_for(2);
  here.let_go();
  CHECK(log_of(old.wait()) == json{"1.9.0", "1.9.0", "1.9.0"});
  CHECK(log_of(fresh.wait()) == json{"1.10.0", "1.10.0", "1.10.0"});
}

TEST_CASE("Tasks that waited for a first worker have one version", "[members]") {
  plugin_gate here;
  gate = &here;
  versioned_cluster cluster;
  const cluster_folder folder{log_state + R"(
nodes:
  plan: {lua: "return {go_to = list{'a', 'b', 'c'}}", destinations: [a, b, c]}
  a: {type: kit.gate}
  b: {type: kit.gate}
  c: {type: kit.gate}
edges: [start -> plan, a -> END, b -> END, c -> END]
)"};
  const auto system = cluster.load(folder);
  const auto run = system->executor().start(json_state{system->type()}, {});
  eventually([&] { return cluster.server->waiting() == 3; });
  cluster.add("old", first_version, 1);
  here.wait_for(1);
  cluster.add("new", second_version);
  here.let_go();
  CHECK(log_of(run.wait()) == json{"1.9.0", "1.9.0", "1.9.0"});
}

TEST_CASE("A version that no worker offers any more is named", "[members]") {
  server_options options;
  options.placement.patience = 1ms;
  versioned_cluster cluster{options};
  cluster.server->keep_pins([](const std::string&, const std::string&, const plugin_versions&) {
    return plugin_versions{{"kit", "1.9.0"}};
  });
  cluster.add("new", second_version);
  const cluster_folder folder{three_nodes};
  const auto system = cluster.load(folder);
  const auto ended = system->executor().run_to_result(json_state{system->type()}, {});
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->code() == errc::no_member);
  CHECK_THAT(ended.info.error->message(),
             Contains("the plugin \"kit\" in version 1.9.0; there are: \"new\""));
}

TEST_CASE("What is wrong when versions of plugins are kept is the error of the task", "[members]") {
  versioned_cluster cluster;
  cluster.server->keep_pins(
      [](const std::string&, const std::string&, const plugin_versions&) -> plugin_versions {
        throw error{errc::store_failed, "no place is left"};
      });
  cluster.add("old", first_version);
  const cluster_folder folder{three_nodes};
  const auto system = cluster.load(folder);
  const auto ended = system->executor().run_to_result(json_state{system->type()}, {});
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->code() == errc::store_failed);
}

TEST_CASE("A run that is resumed at another server keeps its versions of plugins", "[members]") {
  plugin_gate here;
  gate = &here;
  here.let_go();
  const temporary_folder place;
  const auto kept = open_kept_files(place.file("kept.db"));
  const auto keeper = [&](const std::string& thread, const std::string& run,
                          const plugin_versions& fresh) {
    return kept->pin_plugins(thread, run, fresh);
  };
  const cluster_folder folder{three_nodes + "interrupt_before: [b]\nstore: {sqlite: team.db}\n"};
  {
    versioned_cluster cluster;
    cluster.server->keep_pins(keeper);
    cluster.add("old", first_version);
    const auto system = cluster.load(folder);
    auto how = system->default_run_options();
    how.thread_id = "t";
    const auto ended = system->executor().run_to_result(json_state{system->type()}, how);
    CHECK(ended.status() == run_status::interrupted);
  }
  versioned_cluster cluster;
  cluster.server->keep_pins(keeper);
  cluster.add("new", second_version);
  cluster.add("old", first_version);
  const auto system = cluster.load(folder);
  CHECK(log_of(system->executor().resume("t", {}).wait()) == json{"1.9.0", "1.9.0", "1.9.0"});
  auto how = system->default_run_options();
  how.thread_id = "t";  // a new run of the thread
  const auto next = system->executor().run_to_result(json_state{system->type()}, how);
  CHECK(next.status() == run_status::interrupted);
  CHECK(json(next.state().to_json())["log"].back() == "1.10.0");
}

TEST_CASE("A worker brings one version of a plugin", "[members]") {
  worker_options options{.name = "both", .server = {"127.0.0.1", 1}};
  options.load.plugins.built_in = {load_plugin(first_version), load_plugin(second_version)};
  try {
    const cluster_worker both{options};
    FAIL("it has both");
  } catch (const error& wrong) {
    CHECK(wrong.code() == errc::invalid_plugin);
    CHECK(wrong.message() ==
          "version 1.10.0 of the plugin \"kit\", of which the worker has version 1.9.0 already; "
          "have another worker bring one of them");
  }
}
