#include "mcp/memory_store.hpp"
#include "runtime/cluster_system_support.hpp"
#include "system/kept_files.hpp"

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using Catch::Matchers::Contains;

namespace {

const std::string small = R"(name: small
state: {n: integer}
nodes: {a: {lua: "return {n = 1}"}}
edges: [start -> a -> END]
)";

}  // namespace

TEST_CASE("A store of a file says how long threads are kept") {
  const cluster_folder folder{small + "store: {sqlite: runs.db, keep_threads: 30d}\n"};
  const auto system = folder.load();
  CHECK(system->keep_threads() == std::chrono::hours{30 * 24});
  CHECK(system->store() == folder.path("runs.db"));
  CHECK(system->memory_place() == folder.path("runs.db"));
  CHECK(folder.load({.store_path = "other.db"})->keep_threads() == std::chrono::hours{30 * 24});
  CHECK_FALSE(cluster_folder{small}.load()->keep_threads().has_value());
  const auto facts = cluster_folder{small + "memory: {sqlite: facts.db}\n"};
  CHECK(facts.load()->memory_place() == facts.path("facts.db"));
}

TEST_CASE("A time for threads that is none is a problem of the file") {
  const auto wrong = [](const std::string& text) {
    return cluster_folder{small + text}.problems();
  };
  CHECK_THAT(wrong("store: {sqlite: a.db, keep_threads: 0s}\n"),
             Contains("team.yaml:5:37: `keep_threads` of `store` is 0"));
  CHECK_THAT(wrong("store: {sqlite: a.db, keep_threads: long}\n"), Contains("write a duration"));
  CHECK_THAT(wrong("store: {keep_threads: 1d}\n"), Contains("`store` names no place"));
  CHECK_THAT(wrong("store: {sqlite: a.db, keep_thread: 1d}\n"), Contains("\"keep_threads\"?"));
}

TEST_CASE("A deleted thread is forgotten, and texts that no run is pinned to are removed") {
  const auto memory = in_memory_memory_store();
  kept_files files{memory};
  files.pin("a.b", "t", "hash 1");
  files.pin("c", "t", "hash 2");
  files.pin("c", "u", "hash 3");
  files.unpin("t");
  files.unpin("nobody");
  CHECK_FALSE(files.pinned("a.b", "t").has_value());
  CHECK_FALSE(files.pinned("c", "t").has_value());
  CHECK(files.pinned("c", "u") == "hash 3");
  memory->put({"cluster_file_textile"}, "0", "{}");
  for (int i = 0; i < 250; ++i) {
    files.keep(i % 2 == 0 ? "a.b" : "c", std::to_string(i), {"team.yaml", "text"});
  }
  CHECK(files.keep_only({"7", "8", "0"}) == 247);
  CHECK(files.find("c", "7")->text == "text");
  CHECK(files.find("a.b", "8").has_value());
  CHECK_FALSE(files.find("c", "9").has_value());
  CHECK(files.keep_only({"7", "8", "0"}) == 0);
  CHECK(memory->get({"cluster_file_textile"}, "0").has_value());
}
