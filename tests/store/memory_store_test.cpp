#include "mcp/memory_store.hpp"

#include "mcp/checkpoint_store.hpp"
#include "store/memory_conformance.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

#include <thread>

using namespace mcp;
using namespace mcp::test;

TEST_CASE("The in-memory memory store keeps the promises of the port") {
  check_memory_store([](const memory_options& options) { return in_memory_memory_store(options); });
}

TEST_CASE("The SQLite memory store keeps the promises of the port") {
  const temporary_folder folder;
  int count = 0;
  check_memory_store([&](const memory_options& options) {
    return sqlite_memory_store(folder.file(std::to_string(count++) + ".db"), options);
  });
}

TEST_CASE("A memory store shares the file of a checkpoint store and outlives the process") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  {
    const auto memory = sqlite_memory_store(path);
    const auto checkpoints = sqlite_checkpoint_store(path);
    const auto second = sqlite_memory_store(path);
    const store_write op = put_run{{"r", "t", "g", run_status::done, {}, {}, {}, {}}};
    std::thread writer([&] {
      for (int i = 0; i < 50; ++i) checkpoints->write({&op, 1});
    });
    for (int i = 0; i < 50; ++i) {
      (i % 2 == 0 ? memory : second)->put({"a"}, std::to_string(i), R"({"t": "word"})");
    }
    writer.join();
    CHECK(memory->search({.text = "word", .limit = 100}).size() == 50);
    CHECK(checkpoints->runs({}).size() == 1);
  }
  CHECK(sqlite_memory_store(path)->search({.limit = 100}).size() == 50);
  CHECK(sqlite_checkpoint_store(path)->run("r").has_value());
}
