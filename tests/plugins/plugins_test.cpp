// Plugins in this process, which uses the shared libraries as mcp-cluster does.
#include "mcp/executor.hpp"
#include "plugins/plugin_report.hpp"
#include "plugins/plugin_trial.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "support/scoped_variable.hpp"
#include "system/cluster_system.hpp"

#include <filesystem>
#include <fstream>
#include <functional>

namespace mcp::test {
namespace {

using cluster::cluster_system;
using cluster::open_plugin;

const std::string plugins = MCP_PLUGIN_FOLDER;
const std::string shop_1 = plugins + "/shop_1.so";
const std::string shop_2 = plugins + "/shop_2.so";

/// Waits for a person, then asks the plugin for a price.
std::string file_with(const std::string& shop) {
  return "name: sale\nplugins: {shop: " + shop +
         "}\nstate: {n: integer, ok: boolean, said: string}\n"
         "nodes:\n  ask: {ask: 'Sell?', into: ok}\n"
         "  price: {type: shop.price, options: {of: n, into: said, each: 5}}\n"
         "edges: [start -> ask -> price -> END]\n";
}

void write(const std::string& path, const std::string& text) {
  std::ofstream{path} << text;
}
void copy(const std::string& from, const std::string& to) {
  const std::ifstream in{from, std::ios::binary};
  std::ofstream{to, std::ios::binary} << in.rdbuf();
}

run_handle<json_state> start_selling(cluster_system& system) {
  auto run = system.executor().start_with(update<json_state>{system.type()}.set("n", 3));
  REQUIRE(run.join().info.status == run_status::interrupted);
  return run;
}
std::string sell(cluster_system& system, const std::string& thread) {
  const auto ended = system.executor().resume(thread, answers::only(true)).join().info;
  REQUIRE(ended.status == run_status::done);
  return ended.state.as<json_state>().at("said").get<std::string>();
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const error& what) {
    CHECK(what.code() == errc::invalid_plugin);
    return what.message();
  }
  return {};
}

}  // namespace

TEST_CASE("A run keeps the version of a plugin that it was started with") {
  const temporary_folder folder;
  const auto path = folder.file("sale.yaml");
  write(path, file_with(shop_1));
  const auto before = cluster_system::load(path);
  const auto waits = start_selling(*before);
  write(path, file_with(shop_2));
  const auto after = cluster_system::load(path);
  const auto fresh = start_selling(*after);
  CHECK(sell(*after, fresh.thread_id()) == "30 EUR, call 1");
  CHECK(sell(*before, waits.thread_id()) == "15 EUR, call 1");
}

TEST_CASE("A file that is open already is the same plugin") {
  CHECK(open_plugin(shop_1) == open_plugin(plugins + "/./shop_1.so"));
  CHECK(open_plugin(shop_1) != open_plugin(shop_2));
  CHECK(open_plugin(shop_2)->version == "2.0.0");
}

TEST_CASE("A plugin that is written over while it is loaded is refused, a renamed one is not") {
  const temporary_folder folder;
  const auto path = folder.file("shop.so");
  copy(shop_1, path);
  CHECK(open_plugin(path)->version == "1.0.0");
  // Bytes behind its end harm nobody.
  std::ofstream{path, std::ios::binary | std::ios::app} << "more";
  CHECK(refusal([&] { static_cast<void>(open_plugin(path)); })
            .find("written over while it is loaded") != std::string::npos);
  copy(shop_2, folder.file("new.so"));
  std::filesystem::rename(folder.file("new.so"), path);
  CHECK(open_plugin(path)->version == "2.0.0");
}

TEST_CASE("A report names all that a plugin offers") {
  const auto report = cluster::to_report(*open_plugin(shop_1));
    const auto at = [&report](const char* place) {
    return report.at(nlohmann::ordered_json::json_pointer{place});
  };
  CHECK(at("/name") == "shop");
  CHECK(at("/nodes/0/options/$defs/price_options/properties/each/default") == 1);
  CHECK(at("/config/$defs/shop_config/properties/currency/description") == "what prices are in");
  CHECK(at("/agents/0/messages/0/name") == "pay");
  CHECK(at("/reducers/0/name") == "longest");
}

TEST_CASE("The process that tries a plugin is waited for only so long") {
  const scoped_variable broken{"BROKEN", "hang"};
  const auto reason = refusal([] {
    cluster::try_plugin(
        plugins + "/broken_offer.so",
        {.program = MCP_CLUSTER_PROGRAM, .patience = std::chrono::milliseconds{50}});
  });
  CHECK(reason.starts_with("it did not finish loading within 50 ms"));
}

}  // namespace mcp::test
