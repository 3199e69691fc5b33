#include "mcp/plugin.hpp"
#include "plugins/loaded_plugin.hpp"
#include "runtime/cluster_system_support.hpp"
#include "runtime/recorded_session.hpp"

#include <condition_variable>
#include <mutex>

using namespace mcp;
using namespace mcp::cluster;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

using change = update<json_state>;

change logged(const json_state& state, const std::string& line) {
  return change{state}.append("log", line);
}

/// All that a node can ask of its run, and tell it.
command<json_state> do_all(const json_state& state, context& ctx) {
  if (ctx.attempt() == 1) throw error{errc::server_failed, "the first attempt fails"};
  ctx.heartbeat();
  const auto paid = ctx.once("pay", [] { return std::string{"paid"}; });
  ctx.reserve("coins", 70).settle(60);
  try {
    ctx.charge("coins", 41);
  } catch (const error& refused) {
    if (refused.code() != errc::budget_exceeded) throw;
  }
  ctx.emit("spent", json{{"coins", 60}});
  ctx.emit_message(assistant_message("I have paid."));
  auto input = send("deliver", json{{"parcel", 7}}).timeout({.run = 50s, .idle = 40s});
  return command<json_state>{logged(state, paid).overwrite("note", "on its way")}.go_to(
      std::move(input));
}

change hold(const json_state& state, context& ctx) {
  std::mutex mutex;
  std::condition_variable changed;
  ctx.on_cancel([&] {
    const std::lock_guard lock{mutex};
    changed.notify_all();
  });
  ctx.emit("holds", json{});
  std::unique_lock lock{mutex};
  changed.wait(lock, [&] { return ctx.cancelled(); });
  return logged(state, "held");
}

void offer_session_nodes(plugin& to) {
  to.node("do_all", "", [](const plugin_request&) { return do_all; });
  to.node("deliver", "", [](const plugin_request& request) {
    return [type = request.state](const json& item, context&) {
      return change{type}.append("log", "parcel " + item.at("parcel").dump());
    };
  });
  to.node("broken", "", [](const plugin_request&) {
    return [](const json_state&, context&) -> change {
      throw error{errc::node_failed, "it is broken"};
    };
  });
  to.node("rescue", "", [](const plugin_request&) {
    return [](const json_state& state, context& ctx) {
      return logged(state, ctx.failure() == nullptr ? "nothing to rescue" : "rescued");
    };
  });
  to.node("ask", "", [](const plugin_request&) {
    return [](const json_state& state, context& ctx) { return logged(state, ctx.ask("go on?")); };
  });
  to.node("later", "", [](const plugin_request&) {
    return [](const json_state& state, context& ctx, reply<json_state> out) {
      ctx.when_durable([state, out] { out.done(logged(state, "durable")); });
    };
  });
  to.node("hold", "", [](const plugin_request&) { return hold; });
}

}  // namespace

namespace mcp::test {

const plugin_manifest session_nodes{"FASTMCP", plugin_abi, "kit", "1.0.0", "", offer_session_nodes};

const std::string session_file = R"(plugins: {kit: {on: workers}}
state:
  log: {type: array, items: {type: string}, reducer: append}
  note: string
nodes:
  do_all: {type: kit.do_all, retry: {max_attempts: 2, initial_interval: 1ms, jitter: false}, destinations: [deliver]}
  deliver: {type: kit.deliver, input: send}
  broken: {type: kit.broken, fallback: rescue}
  rescue: {type: kit.rescue}
  ask: {type: kit.ask}
  later: {type: kit.later}
  hold: {type: kit.hold}
edges: [start -> do_all, deliver -> broken, broken -> ask, ask -> later, later -> hold, hold -> END]
store: memory
)";

void play_session(const std::shared_ptr<cluster_server>& server, const std::string& file,
                  const std::function<void()>& leave) {
  load_options load;
  load.workers = server;
  const auto system = cluster_system::load(file, load);
  auto options = system->default_run_options();
  options.thread_id = "t";
  options.budget.counters["coins"] = 100;
  options.events = static_cast<event_mask>(event_kind::custom);
  auto asked = system->executor().start(json_state{system->type()}, options);
  const auto waits = asked.join();
  REQUIRE(waits.interrupts().size() == 1);
  CHECK(waits.interrupts().front().question == "\"go on?\"");
  CHECK(waits.info.usage.counters.at("coins") == 60);
  auto events = asked.stream();
  const auto spent = events.next();
  REQUIRE(spent);
  CHECK(spent->json == R"({"coins":60})");

  auto resumed = system->executor().resume("t", answers::only("yes"), options);
  auto later = resumed.stream();
  const auto holds = later.next();
  REQUIRE(holds);
  CHECK(holds->name == "holds");
  resumed.cancel();
  CHECK(resumed.join().info.status == run_status::cancelled);
  CHECK(nlohmann::json(system->executor().state("t").values.to_json()) ==
        json{{"log", {"paid", "parcel 7", "rescued", "yes", "durable"}}, {"note", "on its way"}});
  leave();
}

}  // namespace mcp::test
