// Members of today and those of earlier versions of the wire, as they were recorded.
#include "cluster/messages.hpp"
#include "members/cluster_worker.hpp"
#include "plugins/loaded_plugin.hpp"
#include "runtime/cluster_system_support.hpp"
#include "runtime/recorded_session.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <unistd.h>

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// A peer that is played has no clock: nobody is silent, however slow the machine.
constexpr link_limits unhurried{.silence = 1h};
constexpr std::size_t session_tasks = 9;

std::string recorded_folder(std::uint64_t version) {
  return std::string{MCP_TEST_SOURCE_DIR} + "/tests/runtime/recorded/wire-" +
         std::to_string(version) + '/';
}

std::shared_ptr<cluster_server> session_server() {
  return cluster_server::start({.link = unhurried, .grace = 1h});
}

worker_options session_worker(const socket_address& server) {
  worker_options options{.name = "w", .server = server, .labels = {{"zone", "eu"}}, .slots = 2};
  options.link = unhurried;
  options.load.plugins.built_in.push_back(load_plugin(session_nodes));
  return options;
}

template <class Ready>
void wait_for(Ready ready) {
  while (!ready()) std::this_thread::yield();
}

/// All that it was given is done, and the server knows; or there is nothing to wait for.
void leave_when_done(cluster_worker& worker, const std::atomic<bool>& over = false) {
  wait_for([&] {
    const auto now = worker.status();
    return over || (now.done == session_tasks && now.idle);
  });
  worker.leave("the session ends");
}

void record_run(const std::string& folder) {
  const auto server = session_server();
  wire_recorder wire{server->address()};
  auto worker = std::make_unique<cluster_worker>(session_worker(wire.address()));
  play_session(server, "team.yaml", [&] {
    leave_when_done(*worker);
    wait_for([&] { return server->members().front().draining && worker->status().idle; });
    worker.reset();
  });
  write_session(folder + "run.txt", wire.finish());
}

/// A server that does not want this worker, and says so.
void record_refusal(const std::string& folder) {
  const auto server = session_server();
  wire_recorder wire{server->address()};
  auto options = session_worker(wire.address());
  options.name = "server";
  const cluster_worker worker{options};
  write_session(folder + "refusal.txt", wire.finish());
}

std::set<std::string> kinds_in(const std::string& folder) {
  std::set<std::string> found;
  for (const auto* file : {"run.txt", "refusal.txt"}) {
    for (const auto& one : read_session(folder + file)) {
      const auto message = one.content.find(": ");
      const bool data = one.content.starts_with("data");
      const auto from = data ? message + 2 : std::size_t{0};
      found.insert(one.content.substr(from, one.content.find(' ', from) - from));
    }
  }
  return found;
}

}  // namespace

TEST_CASE("Sessions are recorded into MCP_RECORD_WIRE", "[.record]") {
  const char* folder = std::getenv("MCP_RECORD_WIRE");
  REQUIRE(folder != nullptr);
  const cluster_folder files{session_file};
  std::filesystem::current_path(std::filesystem::path{files.path()}.parent_path());
  record_run(folder + std::string{"/"});
  record_refusal(folder + std::string{"/"});
}

TEST_CASE("Recorded messages say what they said", "[recorded]") {
  for (std::uint64_t version = lowest_wire_version; version <= 1; ++version) {
    const auto folder = recorded_folder(version);
    for (const auto* file : {"run.txt", "refusal.txt"}) {
      const auto session = read_session(folder + file);
      REQUIRE_FALSE(session.empty());
      for (const auto& one : session) {
        CHECK(content_of(one.from, one.bytes) == one.content);
        const auto frame = decode_frame(one.bytes);
        if (const auto* data = std::get_if<data_frame>(&frame)) {
          const auto again = one.from == wire_end::worker
                                 ? to_cbor(read_worker_message(data->payload))
                                 : to_cbor(read_server_message(data->payload));
          CHECK((one.from == wire_end::worker
                     ? version_of(read_worker_message(data->payload))
                     : version_of(read_server_message(data->payload))) <= version);
          CHECK((again == data->payload));  // and are written the same today
        }
      }
    }
    CHECK(kinds_in(folder) == std::set<std::string>{"ack", "bye", "cancel", "forget", "hello",
                                                    "leaving", "note", "offer", "result", "state",
                                                    "system", "task", "told", "wish"});
  }
}

TEST_CASE("A server works with workers of earlier versions of the wire", "[recorded]") {
  for (std::uint64_t version = lowest_wire_version; version <= 1; ++version) {
    const auto server = session_server();
    recorded_peer worker{read_session(recorded_folder(version) + "run.txt"), server->address()};
    const cluster_folder files{session_file};
    std::string difference;
    play_session(server, files.path(), [&] { difference = worker.finish(); });
    INFO(difference);
    CHECK(difference.empty());
    wait_for([&] { return !difference.empty() || server->members().front().draining; });
  }
}

TEST_CASE("A worker works with servers of earlier versions of the wire", "[recorded]") {
  for (std::uint64_t version = lowest_wire_version; version <= 1; ++version) {
    recorded_peer server{read_session(recorded_folder(version) + "run.txt")};
    cluster_worker worker{session_worker(server.address())};
    std::atomic<bool> over{false};
    std::thread leaving{[&] { leave_when_done(worker, over); }};
    const auto difference = server.finish();
    over = true;
    leaving.join();
    INFO(difference);
    CHECK(difference.empty());
    CHECK(worker.status().server == "server");
  }
}

TEST_CASE("A worker that was refused by an earlier version knows why", "[recorded]") {
  recorded_peer server{read_session(recorded_folder(1) + "refusal.txt")};
  auto options = session_worker(server.address());
  options.name = "server";
  const cluster_worker worker{options};
  CHECK(server.finish().empty());
  wait_for([&] { return !worker.status().trouble.empty(); });
  CHECK_THAT(worker.status().trouble, Contains("both members have the name \"server\""));
}
