// A server and its workers over loopback connections, each with actors of its own.
#include "actors/collected_spans.hpp"
#include "cluster/messages.hpp"
#include "delivery/frame.hpp"
#include "mcp/log_fields.hpp"
#include "runtime/cluster_system_support.hpp"
#include "runtime/small_cluster.hpp"
#include "support/forwarding_store.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// What the nodes of the test's plugin share with the test.
struct meeting {
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  int cancelled = 0;
  int effects = 0;
  bool open = false;

  void arrive_and_wait(context& ctx) {
    ctx.on_cancel([this] {
      const std::lock_guard lock{mutex};
      ++cancelled;
      changed.notify_all();
    });
    std::unique_lock lock{mutex};
    ++arrived;
    changed.notify_all();
    changed.wait(lock, [&] { return open || ctx.cancelled(); });
  }
  template <class Ready>
  void wait_until(Ready ready) {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return ready(*this); });
  }
  void let_go() {
    const std::lock_guard lock{mutex};
    open = true;
    changed.notify_all();
  }
};

meeting* met = nullptr;  // of the test that runs

/// What a node on a worker says of where it is.
struct told_places {
  std::mutex mutex;
  std::vector<std::string> traceparents;
  std::vector<log_fields> lines;
};

told_places* told = nullptr;  // of the test that runs

void offer_nodes(plugin& to) {
  to.node("mark", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      return update<json_state>{s}.set("log", json::array({ctx.info().node}));
    };
  });
  to.node("place", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      const std::lock_guard lock{told->mutex};
      told->traceparents.push_back(ctx.traceparent());
      told->lines.push_back(current_log_fields());
      if (ctx.attempt() == 1) throw error{errc::server_failed, "the first attempt fails"};
      return update<json_state>{s}.set("log", json::array({"placed"}));
    };
  });
  to.node("wait", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      met->arrive_and_wait(ctx);
      return update<json_state>{s}.set("log", json::array({"waited"}));
    };
  });
  to.node("effect", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      const auto text = ctx.once("pay", [] {
        const std::lock_guard lock{met->mutex};
        return "effect " + std::to_string(++met->effects);
      });
      if (ctx.attempt() == 1) throw error{errc::server_failed, "the first attempt fails"};
      return update<json_state>{s}.set("log", json::array({text}));
    };
  });
  to.node("pay", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      ctx.emit("pays", json{});
      const auto text = ctx.once("pay", [] {
        const std::lock_guard lock{met->mutex};
        return "effect " + std::to_string(++met->effects);
      });
      return update<json_state>{s}.set("log", json::array({text}));
    };
  });
  to.node("spend", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      auto taken = ctx.reserve("coins", 70);
      taken.settle(60);
      ctx.emit("spent", json{{"coins", 60}});
      return update<json_state>{s}.set("log", json::array({"spent"}));
    };
  });
  to.node("hold", "", [](const plugin_request&) {
    return [](const json_state&, context& ctx) {
      auto held = ctx.reserve("coins", 70);
      met->arrive_and_wait(ctx);
      held.settle(60);
    };
  });
  to.node("ask", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      const auto first = ctx.ask("first?");
      const auto second = ctx.ask("second?");
      return update<json_state>{s}.set("log", json::array({first, second}));
    };
  });
  to.node("later", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx, reply<json_state> out) {
      ctx.when_durable([s, out] {
        out.done_after(1ms, update<json_state>{s}.set("log", json::array({"later"})));
      });
    };
  });
}

/// What a node on a worker does with the memory of its run, and what it then writes to its log.
using memory_use = std::function<std::string(memory_store*)>;
memory_use used;  // by the test that runs

void offer_memory_nodes(plugin& to) {
  offer_nodes(to);
  to.node("memory", "", [](const plugin_request&) {
    return [](const json_state& s, context& ctx) {
      return update<json_state>{s}.set("log", json::array({used(ctx.memory())}));
    };
  });
}

constexpr plugin_manifest manifest{"FASTMCP", plugin_abi, "kit", "1.0.0", "", offer_memory_nodes};

const std::string head =
    "plugins: {kit: {on: workers}}\n"
    "state: {log: {type: array, items: {type: string}, reducer: append}}\n";

std::string one_node(const std::string& node, const std::string& more = {}) {
  return head + more + "nodes: {n: {" + node + "}}\nedges: [start -> n -> END]\n";
}

/// Keeps an effect only once it is let go.
class slow_store final : public forwarding_store {
 public:
  using forwarding_store::forwarding_store;
  void write(std::span<const store_write> batch) override {
    const bool effect = std::any_of(batch.begin(), batch.end(), [](const auto& one) {
      const auto* entry = std::get_if<put_journal>(&one);
      return entry != nullptr && entry->entry.kind == journal_kind::effect;
    });
    if (effect) {
      std::unique_lock lock{met->mutex};
      ++met->arrived;
      met->changed.notify_all();
      met->changed.wait(lock, [] { return met->open; });
    }
    forwarding_store::write(batch);
  }
};

/// The accepted connections of this process whose own end is `address`.
std::size_t connections_to(const socket_address& address) {
  std::size_t found = 0;
  for (const auto& file : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    const auto fd = std::stoi(file.path().filename());
    sockaddr_in here{};
    sockaddr_in there{};
    socklen_t size = sizeof here;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) != 0) continue;
    size = sizeof there;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size) != 0) continue;
    if (here.sin_family == AF_INET && ntohs(here.sin_port) == address.port) ++found;
  }
  return found;
}

/// A worker that a test plays by hand, and that speaks the wire up to a version.
class hand_worker {
 public:
  hand_worker(const socket_address& server, std::uint64_t highest)
      : socket_(connect_to(server, 5s)) {
    REQUIRE(::fcntl(socket_, F_SETFL, 0) == 0);  // it waits for what it reads
    say(hello_frame{lowest_wire_version, highest, "fastmcp", "hand", 1});
    say(ack_frame{0, window});
    while (!std::holds_alternative<ack_frame>(next())) {  // before it nothing may be sent
    }
    tell(offer_message{.slots = 1});
  }
  ~hand_worker() { ::close(socket_); }
  hand_worker(const hand_worker&) = delete;
  hand_worker& operator=(const hand_worker&) = delete;

  void tell(const worker_message& what) { say(data_frame{++sent_, false, to_cbor(what)}); }
  server_message hear() {
    for (;;) {
      const auto one = next();
      const auto* data = std::get_if<data_frame>(&one);
      if (data == nullptr) continue;
      say(ack_frame{data->number, data->number + window});
      return read_server_message(data->payload);
    }
  }

 private:
  static constexpr std::uint64_t window = 64;

  void say(const frame& one) {
    const auto bytes = encode_frame(one);
    std::string text(4, '\0');
    text[2] = static_cast<char>(bytes.size() >> 8U);
    text[3] = static_cast<char>(bytes.size() & 0xffU);
    text += bytes;
    REQUIRE(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  /// Borrows its bytes until the next call.
  frame next() {
    read(4);
    const auto high = static_cast<unsigned char>(last_[2]);
    const auto low = static_cast<unsigned char>(last_[3]);
    return decode_frame(read(high * 256UL + low));
  }
  /// The next bytes, kept until the next call. Frames of these tests are short.
  const std::string& read(std::size_t size) {
    last_.assign(size, '\0');
    REQUIRE(::recv(socket_, last_.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size));
    return last_;
  }

  int socket_;
  std::uint64_t sent_ = 0;
  std::string last_;
};

}  // namespace

TEST_CASE("Nodes of a plugin that only workers have run there", "[members]") {
  small_cluster cluster{manifest};
  cluster.add("one");
  const auto state = run_file(head + R"(
nodes:
  first: {type: kit.mark}
  here: {lua: "return {log = list{'here'}}"}
  there: {lua: "return {log = list{'there'}}", placement: workers}
  last: {type: kit.mark}
edges: [start -> first -> here -> there -> last -> END]
)",
                              json::object(), cluster.options());
  CHECK(state["log"] == json{"first", "here", "there", "last"});
  CHECK(cluster.workers.front()->status().done == 3);
}

TEST_CASE("A server and its worker make one trace of a run", "[members]") {
  told_places places;
  told = &places;
  const std::string callers = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto at_server = std::make_shared<collected_spans>();
  const auto at_worker = std::make_shared<collected_spans>();
  small_cluster cluster{manifest};
  cluster.add("one", 2, {}, at_worker);
  const cluster_folder folder{
      one_node("type: kit.place, retry: {max_attempts: 2, initial_interval: 1ms, jitter: false}")};
  const auto system = folder.load(cluster.options());
  system->serve_with({.spans = at_server});
  const auto ended = system->executor().run_to_result(json_state{system->type()},
                                                      {.thread_id = "t", .traceparent = callers});
  ended.check();
  const auto attempts = at_server->named("n");
  const auto tasks = at_worker->named("n");
  REQUIRE(attempts.size() == 2);
  REQUIRE(tasks.size() == 2);
  auto all = at_server->all();
  all.insert(all.end(), tasks.begin(), tasks.end());
  CHECK(wrong_with(all, trace_context::parse(callers)->span) == "");
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(tasks[i].parent == attempts[i].place.span);
    CHECK(tasks[i].kind == span_kind::server);
    CHECK(tasks[i].failed == (i == 0));
    CHECK(attribute(tasks[i], "fastmcp.member") == "one");
    CHECK(attribute(tasks[i], "fastmcp.server") == "server");
    CHECK(attribute(tasks[i], "fastmcp.run") == ended.info.run_id);
    CHECK(attribute(tasks[i], "fastmcp.task") == attribute(attempts[i], "fastmcp.task"));
    CHECK(attribute(tasks[i], "fastmcp.attempt") == std::to_string(i + 1));
    CHECK(places.traceparents.at(i) == tasks[i].place.traceparent());
    CHECK(places.lines.at(i).run == ended.info.run_id);
    CHECK(places.lines.at(i).thread == "t");
    CHECK(places.lines.at(i).node == "n");
    CHECK(places.lines.at(i).attempt == static_cast<int>(i) + 1);
  }
  CHECK(attribute(tasks[0], "error.type") == "server_failed");
}

TEST_CASE("A worker without a sink hands the server's place in the trace to its nodes",
          "[members]") {
  told_places places;
  told = &places;
  const auto at_server = std::make_shared<collected_spans>();
  small_cluster cluster{manifest};
  cluster.add("one");
  const cluster_folder folder{
      one_node("type: kit.place, retry: {max_attempts: 2, initial_interval: 1ms, jitter: false}")};
  const auto system = folder.load(cluster.options());
  const bool traced = GENERATE(true, false);
  if (traced) system->serve_with({.spans = at_server});
  system->executor().run_to_result(json_state{system->type()}).check();
  REQUIRE(places.traceparents.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(places.traceparents[i] ==
          (traced ? at_server->named("n").at(i).place.traceparent() : ""));
  }
}

TEST_CASE("A worker of the wire's first version gets its task without a trace", "[members]") {
  const auto version = GENERATE(std::uint64_t{1}, wire_version_of_traces);
  small_cluster cluster{manifest};
  hand_worker worker{cluster.server->address(), version};
  const cluster_folder folder{one_node("lua: 'return {}', placement: workers")};
  const auto system = folder.load(cluster.options());
  const auto spans = std::make_shared<collected_spans>();
  system->serve_with({.spans = spans});
  const auto run = system->executor().start(json_state{system->type()});
  std::optional<trace_message> trace;
  for (;;) {
    const auto said = worker.hear();
    if (const auto* known = std::get_if<trace_message>(&said)) trace = *known;
    const auto* task = std::get_if<task_message>(&said);
    if (task == nullptr) continue;
    worker.tell(result_message{.task = task->task});
    CHECK(trace.has_value() == (version >= wire_version_of_traces));
    if (trace) CHECK(trace->task == task->task);
    break;
  }
  run.join().check();
  if (trace) CHECK(trace->traceparent == spans->only("n").place.traceparent());
}

TEST_CASE("A run that needs workers waits for the first to join", "[members]") {
  small_cluster cluster{manifest};
  const cluster_folder folder{one_node("type: kit.mark")};
  const auto system = folder.load(cluster.options());
  auto handle = system->executor().start(json_state{system->type()});
  eventually([&] { return cluster.server->waiting() == 1; });
  cluster.add("late");
  const auto ended = handle.join();
  ended.check();
  CHECK(ended.state().at("log") == json{"n"});
}

TEST_CASE("A node goes to a worker with the labels of its placement", "[members]") {
  small_cluster cluster{manifest};
  auto& plain = cluster.add("plain", 8);
  auto& labelled = cluster.add("labelled", 1, {{"zone", "eu"}});
  static_cast<void>(run_file(one_node("lua: 'return {}', placement: {labels: {zone: eu}}"),
                             json::object(), cluster.options()));
  CHECK(plain.status().done == 0);
  CHECK(labelled.status().done == 1);
}

TEST_CASE("Effects, budgets, events and questions of a node on a worker are its run's",
          "[members]") {
  meeting here;
  met = &here;
  small_cluster cluster{manifest};
  cluster.add("one");

  SECTION("an effect happens once, whichever attempt") {
    const auto state = run_file(
        one_node("type: kit.effect, retry: {max_attempts: 3, initial_interval: 1ms, jitter: false}",
                 "store: memory\n"),
        json::object(), cluster.options());
    CHECK(state["log"] == json{"effect 1"});
    CHECK(here.effects == 1);
  }
  SECTION("a budget is charged and given back") {
    const cluster_folder folder{one_node("type: kit.spend")};
    const auto system = folder.load(cluster.options());
    auto options = system->default_run_options();
    options.budget.counters["coins"] = 100;
    options.events = static_cast<event_mask>(event_kind::custom);
    auto handle = system->executor().start(json_state{system->type()}, options);
    const auto ended = handle.join();
    ended.check();
    CHECK(ended.info.usage.counters.at("coins") == 60);
    auto events = handle.stream();
    const auto event = events.next();
    REQUIRE(event);
    CHECK(event->name == "spent");
    CHECK(event->json == R"({"coins":60})");
    options.budget.counters["coins"] = 65;
    const auto refused = system->executor().run_to_result(json_state{system->type()}, options);
    CHECK_THROWS_WITH(refused.check(), Contains("coins"));
  }
  SECTION("questions are asked and answered one after another") {
    const cluster_folder folder{one_node("type: kit.ask", "store: memory\n")};
    const auto system = folder.load(cluster.options());
    auto options = system->default_run_options();
    options.thread_id = "t";
    auto ended = system->executor().run_to_result(json_state{system->type()}, options);
    REQUIRE(ended.interrupts().size() == 1);
    CHECK(ended.interrupts().front().question == "\"first?\"");
    ended = system->executor().resume("t", answers::only("a")).join();
    REQUIRE(ended.interrupts().size() == 1);
    ended = system->executor().resume("t", answers::only("b")).join();
    ended.check();
    CHECK(ended.state().at("log") == json{"a", "b"});
  }
  SECTION("an asynchronous node answers later") {
    const auto state =
        run_file(one_node("type: kit.later", "store: memory\n"), json::object(), cluster.options());
    CHECK(state["log"] == json{"later"});
  }
}

TEST_CASE("A node on a worker uses the memory of its run", "[members]") {
  small_cluster cluster{manifest};
  cluster.add("one");

  SECTION("a script remembers there what the server recalls, and the other way round") {
    const auto state = run_file(head + R"(
nodes:
  there: {lua: "memory.remember('x', 'coffee', {key = 'a'}) return {}", placement: workers}
  here: {lua: "memory.remember('x', 'tea', {key = 'b'}) return {log = list{memory.get('x', 'a').text}}"}
  again:
    lua: "return {log = list{memory.recall('x', 'tea')[1].value.text, tostring(memory.forget('x', 'a'))}}"
    placement: workers
edges: [start -> there -> here -> again -> END]
)",
                                json::object(), cluster.options());
    CHECK(state["log"] == json{"coffee", "tea", "true"});
    CHECK(cluster.workers.front()->status().done == 2);
  }
  SECTION("a task that is repeated remembers nothing twice") {
    const auto state = run_file(head + R"(
nodes:
  there:
    lua: "memory.remember('x', 'once') if attempt == 1 then error('again') end return {}"
    placement: workers
    retry: {max_attempts: 2, initial_interval: 1ms, jitter: false}
  here: {lua: "return {log = list{tostring(#memory.recall('x'))}}"}
edges: [start -> there -> here -> END]
)",
                                json::object(), cluster.options());
    CHECK(state["log"] == json{"1"});
  }
  SECTION("notes with vectors, summaries and windows work there, too") {
    const auto state = run_file(R"(
state:
  messages: messages
  sum: string
  answer: string
  known: {type: array, items: {type: string}}
  log: {type: array, items: {type: string}, reducer: append}
models:
  main: {provider: scripted, rules: [{role: user, contains: New part, text: They met.}, {text: "{{ #messages }}"}]}
nodes:
  keep: {remember: "Ann likes green tea", scope: {user: ann}, placement: workers}
  look: {recall: "green tea", scope: {user: ann}, into: known, placement: workers}
  lua: {lua: "memory.remember('x', 'tea', {key = 'a'}) return {log = list{memory.recall('x', 'tea')[1].key}}", placement: workers}
  fold: {summarize: main, into: sum, limit: {turns: 2}, keep: {turns: 1}, placement: workers}
  talk: {model: main, window: {turns: 1}, knows: {summary: sum, recalled: known}, output: answer, placement: workers}
edges: [start -> keep -> look -> lua -> fold -> talk]
memory: {embeddings: {provider: hashing}}
)",
                                {{"messages",
                                  {{{"role", "user"}, {"content", "one"}},
                                   {{"role", "assistant"}, {"content", "1"}},
                                   {{"role", "user"}, {"content", "two"}},
                                   {{"role", "assistant"}, {"content", "2"}},
                                   {{"role", "user"}, {"content", "three"}}}}},
                                cluster.options());
    CHECK(state["known"] == json{"Ann likes green tea"});
    CHECK(state["log"] == json{"a"});
    CHECK(state["answer"] == "2");  // what it knows, and the last turn
    CHECK(cluster.workers.front()->status().done == 5);
  }
  SECTION("what the store refuses is the error of the call") {
    used = [](memory_store* memory) {
      if (memory == nullptr) return std::string{"no memory"};
      const std::string how = memory->blocking() ? "blocking, " : "waiting, ";
      try {
        memory->put({"a"}, "", "{}");
      } catch (const error& wrong) {
        return how + std::string{name(wrong.code())};
      }
      return how + "no error";
    };
    CHECK(run_file(one_node("type: kit.memory"), json::object(), cluster.options())["log"] ==
          json{"blocking, invalid_argument"});
  }
}

TEST_CASE("What does not fit a message is the error of a call of the memory, and nothing else",
          "[members]") {
  constexpr std::size_t most = 20'000;
  small_cluster cluster{manifest, {.link = {.message_bytes = most}}};
  cluster.add("one", 1);
  used = [](memory_store* memory) {
    const auto code_of = [](auto call) -> std::string {
      try {
        call();
      } catch (const error& wrong) {
        const bool says_most = wrong.message().find(std::to_string(most)) != std::string::npos;
        return std::string{name(wrong.code())} + (says_most ? "" : " without the limit");
      }
      return "fits";
    };
    const auto value = [](std::size_t size) {
      return json{{"text", std::string(size, 'x')}}.dump();
    };
    const auto asked = code_of([&] { memory->put({"a"}, "k", value(most)); });
    for (const std::string key : {"1", "2", "3"}) memory->put({"a"}, key, value(8'000));
    const auto found = code_of([&] { static_cast<void>(memory->search({})); });
    return asked + ", " + found + ", " + std::to_string(memory->search({.limit = 2}).size());
  };
  CHECK(run_file(one_node("type: kit.memory"), json::object(), cluster.options())["log"] ==
        json{"too_large, too_large, 2"});
  eventually([&] { return cluster.workers.front()->status().idle; });
}

TEST_CASE("What a worker cannot do is the error of the task, with the reason", "[members]") {
  small_cluster cluster{manifest};
  cluster.add("one");
  CHECK_THROWS_WITH(run_file(one_node("type: kit.none"), json::object(), cluster.options()),
                    Contains("no plugin offers the node \"kit.none\""));
  CHECK_THROWS_WITH(
      run_file(one_node("lua: 'local x = nil; return {log = x.y}', placement: workers"),
               json::object(), cluster.options()),
      Contains("n.lua") || Contains("team.yaml"));
}

TEST_CASE("The tasks of a worker that is gone go elsewhere", "[members]") {
  meeting here;
  met = &here;
  small_cluster cluster{manifest};
  cluster.add("one", 1);
  const cluster_folder folder{one_node("type: kit.wait")};
  const auto system = folder.load(cluster.options());
  auto handle = system->executor().start(json_state{system->type()});
  here.wait_until([](const meeting& m) { return m.arrived == 1; });
  cluster.add("two", 1);
  eventually([&] { return cluster.server->members().size() == 2; });
  // The worker drops its tasks and its connection, as a process that ends.
  cluster.workers.erase(cluster.workers.begin());
  here.wait_until([](const meeting& m) { return m.arrived == 2; });
  here.let_go();
  const auto ended = handle.join();
  ended.check();
  CHECK(ended.state().at("log") == json{"waited"});
}

TEST_CASE("What a task held of the budget is free when its worker is gone or it is given up",
          "[members]") {
  meeting here;
  met = &here;
  small_cluster cluster{manifest};
  cluster.add("one", 1);
  const bool lost = GENERATE(true, false);
  const cluster_folder folder{one_node(
      lost ? "type: kit.hold"
           : "type: kit.hold, timeout: 20ms, retry: {max_attempts: 2, initial_interval: 0ms}")};
  const auto system = folder.load(cluster.options());
  auto options = system->default_run_options();
  options.budget.counters["coins"] = 100;
  auto handle = system->executor().start(json_state{system->type()}, options);
  here.wait_until([](const meeting& m) { return m.arrived == 1; });
  if (lost) {
    cluster.add("two", 1);
    cluster.workers.erase(cluster.workers.begin());
    here.wait_until([](const meeting& m) { return m.arrived == 2; });
    here.let_go();
  }
  const auto ended = handle.join();
  if (lost) {
    ended.check();
    CHECK(ended.info.usage.counters.at("coins") == 60);
  } else {
    REQUIRE(ended.info.error);
    CHECK(ended.info.error->code() == errc::node_timeout);
    auto counters = ended.info.usage.counters;
    CHECK(counters["coins"] == 0);
  }
}

TEST_CASE("An effect that is being kept when its worker dies does not happen again", "[members]") {
  meeting here;
  met = &here;
  small_cluster cluster{manifest};
  cluster.add("one", 1);
  const cluster_folder folder{one_node("type: kit.pay")};
  const auto system = folder.load(cluster.options());
  system->serve_with({.checkpoints = std::make_shared<slow_store>(in_memory_checkpoint_store())});
  auto options = system->default_run_options();
  options.events = static_cast<event_mask>(event_kind::custom);
  auto handle = system->executor().start(json_state{system->type()}, options);
  auto events = handle.stream();
  REQUIRE(events.next());
  here.wait_until([](const meeting& m) { return m.arrived == 1; });
  cluster.workers.erase(cluster.workers.begin());
  cluster.add("two", 1);
  REQUIRE(events.next());  // the second worker asks for the effect
  here.let_go();
  const auto ended = handle.join();
  ended.check();
  CHECK(ended.state().at("log") == json{"effect 1"});
  CHECK(here.effects == 1);
}

TEST_CASE("A worker has as many tasks of a node as its placement says", "[members]") {
  meeting here;
  met = &here;
  small_cluster cluster{manifest};
  cluster.add("one", 4);
  const cluster_folder folder{one_node("type: kit.wait, placement: {max_in_flight: 1}")};
  const auto system = folder.load(cluster.options());
  auto first = system->executor().start(json_state{system->type()});
  auto second = system->executor().start(json_state{system->type()});
  here.wait_until([](const meeting& m) { return m.arrived == 1; });
  eventually([&] { return cluster.server->waiting() == 1; });
  here.let_go();
  first.join().check();
  second.join().check();
}

TEST_CASE("A cancelled run's task is cancelled at its worker", "[members]") {
  meeting here;
  met = &here;
  small_cluster cluster{manifest};
  auto& worker = cluster.add("one", 1);
  const cluster_folder folder{one_node("type: kit.wait")};
  const auto system = folder.load(cluster.options());
  auto handle = system->executor().start(json_state{system->type()});
  here.wait_until([](const meeting& m) { return m.arrived == 1; });
  handle.cancel();
  CHECK_THROWS_WITH(handle.join().check(), Contains("cancel"));
  here.wait_until([](const meeting& m) { return m.cancelled == 1; });
  eventually([&] { return worker.status().idle; });
  CHECK(cluster.server->members().front().at_work == 0);
}

TEST_CASE("A worker that leaves finishes what it has and gets no more", "[members]") {
  meeting here;
  met = &here;
  small_cluster cluster{manifest};
  auto& leaving = cluster.add("leaving", 4);
  const cluster_folder folder{one_node("type: kit.wait")};
  const auto system = folder.load(cluster.options());
  auto first = system->executor().start(json_state{system->type()});
  here.wait_until([](const meeting& m) { return m.arrived == 1; });
  leaving.leave("the test says so");
  eventually([&] {
    const auto members = cluster.server->members();
    return members.size() == 1 && members.front().draining;
  });
  auto second = system->executor().start(json_state{system->type()});
  eventually([&] { return cluster.server->waiting() == 1; });
  here.let_go();
  first.join().check();
  eventually([&] { return leaving.status().idle; });
  CHECK(leaving.status().done == 1);
  auto& fresh = cluster.add("fresh", 1);
  second.join().check();
  CHECK(fresh.status().done == 1);
}

TEST_CASE("Workers come back to a server that has started anew", "[members]") {
  auto first = cluster_server::start({});
  const auto address = first->address();
  worker_options options{.name = "w", .server = address, .slots = 1};
  cluster_worker worker{options};
  eventually([&] { return worker.status().connected; });
  first.reset();
  eventually([&] { return !worker.status().connected; });
  const auto second = cluster_server::start({.listen = address});
  eventually([&] { return worker.status().connected; });
  eventually([&] { return second->members().size() == 1; });
  load_options load;
  load.workers = second;
  CHECK(run_file(one_node("lua: \"return {log = list{'x'}}\", placement: workers"), json::object(),
                 load)["log"] == json{"x"});
}

TEST_CASE("Of two members with one name the later one is told why it may not join", "[members]") {
  small_cluster cluster{manifest};
  cluster.add("same");
  eventually([&] { return cluster.server->members().size() == 1; });
  auto& second = cluster.add("same");
  eventually([&] { return !second.status().trouble.empty(); });
  CHECK_THAT(second.status().trouble, Contains("a member \"same\" is here already, at 127.0.0.1:"));
  cluster.workers.erase(cluster.workers.begin());
  eventually([&] { return second.status().connected; });
  auto& other = cluster.add("server");  // the server's own name
  eventually([&] { return !other.status().trouble.empty(); });
  CHECK_THAT(other.status().trouble, Contains("both members have the name \"server\""));
}

TEST_CASE("A silent connection costs nothing once it is given up, whatever its far end does",
          "[members]") {
  const auto server = cluster_server::start({.link = {.silence = 100ms}, .strangers = 4});
  std::vector<int> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(connect_to(server->address(), 5s));
  for (const int one : silent) {  // after its time, or at once
    pollfd wait{one, POLLIN, 0};
    CHECK(::poll(&wait, 1, -1) == 1);
    char byte = 0;
    CHECK(::read(one, &byte, 1) <= 0);
  }
  // These ends stay open; the server's are closed.
  eventually([&] { return connections_to(server->address()) == 0; });
  for (const int one : silent) ::close(one);
  CHECK(server->members().empty());
}

TEST_CASE("Strangers who say nothing keep no member out", "[members]") {
  const auto server = cluster_server::start({.link = {.silence = 1h}, .strangers = 4});
  std::vector<int> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(connect_to(server->address(), 5s));
  eventually([&] { return connections_to(server->address()) == 4; });
  const cluster_worker worker{{.name = "w", .server = server->address(), .slots = 1}};
  eventually([&] { return worker.status().connected; });
  pollfd first{silent.front(), POLLIN, 0};
  CHECK(::poll(&first, 1, -1) == 1);  // it made room
  for (const int one : silent) ::close(one);
}
