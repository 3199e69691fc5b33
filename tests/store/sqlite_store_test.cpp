#include "mcp/memory_store.hpp"
#include "store/child_process.hpp"
#include "store/conformance.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace mcp;
using namespace mcp::test;

void run_sql(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_close(db) == SQLITE_OK);
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string message_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const error& failure) {
    CHECK(failure.code() == errc::store_failed);
    return failure.message();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace

TEST_CASE("A SQLite file has one owner, and a second one is told the first one's process id") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  auto first = sqlite_checkpoint_store(path);
  std::filesystem::create_symlink(path, folder.file("link.db"));
  for (const auto& name : {path, folder.file("link.db"), folder.file("./x/../store.db")}) {
    const auto message = message_of([&] { (void)sqlite_checkpoint_store(name); });
    CHECK_THAT(message, Catch::Contains("in use by process " + std::to_string(::getpid())));
    CHECK_THAT(message, Catch::Contains(path));
  }
  CHECK(in_child([&] { return sqlite_checkpoint_store(path) ? 0 : 1; }) == 99);
  first.reset();
  CHECK_NOTHROW(sqlite_checkpoint_store(path));
}

TEST_CASE("An owner that was killed leaves its file free") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  CHECK(in_child([&] {
          const auto store = sqlite_checkpoint_store(path);
          put_chain(*store, "t", 1, 3);
          ::kill(::getpid(), SIGKILL);
          return 0;
        }) == -1);
  const auto store = sqlite_checkpoint_store(path);
  CHECK(list_at(*store, "t", 3) == std::vector{1, 2, 3});
}

TEST_CASE("A reader beside an owner sees every commit and cannot write") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  const auto owner = sqlite_checkpoint_store(path);
  const auto reader = sqlite_checkpoint_store(path, {.mode = sqlite_mode::read});
  for (std::uint64_t id = 1; id <= 5; ++id) {
    put_chain(*owner, "t", id, id, id - 1);
    CHECK(reader->load("t", "")->info.id == checkpoint_id{id});
  }
  CHECK(dump(*reader) == dump(*owner));
  const store_write op = checkpoint("t", 9, 5);
  CHECK(code_of([&] { reader->write({&op, 1}); }) == errc::store_failed);
  CHECK(code_of([&] { (void)reader->claim("r"); }) == errc::store_failed);
  CHECK(code_of([&] { (void)reader->prune("t", 1); }) == errc::store_failed);
  CHECK(code_of([&] { (void)reader->delete_thread("t"); }) == errc::store_failed);
  CHECK(code_of([&] { reader->copy_thread("t", "u"); }) == errc::store_failed);
  CHECK(code_of([&] { reader->expire_thread("t", at(1)); }) == errc::store_failed);
  CHECK(code_of([&] { (void)reader->sweep({.now = at(1)}); }) == errc::store_failed);
}

TEST_CASE("A reader goes on when the owner closes, and does not make a file") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  CHECK(code_of([&] { (void)sqlite_checkpoint_store(path, {.mode = sqlite_mode::read}); }) ==
        errc::store_failed);
  CHECK_FALSE(std::filesystem::exists(path));
  auto owner = sqlite_checkpoint_store(path);
  put_chain(*owner, "t", 1, 2);
  const auto reader = sqlite_checkpoint_store(path, {.mode = sqlite_mode::read});
  owner.reset();
  CHECK(list_at(*reader, "t", 2) == std::vector{1, 2});
}

TEST_CASE("A file of a later format is refused with newer_format") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  (void)sqlite_checkpoint_store(path);
  run_sql(path, "PRAGMA user_version = 2");
  CHECK(code_of([&] { (void)sqlite_checkpoint_store(path); }) == errc::newer_format);
  CHECK(code_of([&] { (void)sqlite_checkpoint_store(path, {.mode = sqlite_mode::read}); }) ==
        errc::newer_format);
  CHECK(code_of([&] { (void)sqlite_memory_store(path); }) == errc::newer_format);
}

TEST_CASE("Files that are not ours are refused and stay as they are") {
  const temporary_folder folder;
  const auto foreign = folder.file("foreign.db");
  run_sql(foreign, "CREATE TABLE log(x); INSERT INTO log VALUES(1)");
  const auto text = folder.file("text.db");
  std::ofstream(text) << std::string(5000, 'x');
  const auto marked = folder.file("marked.db");
  run_sql(marked, "PRAGMA application_id = 7");
  const auto triggered = folder.file("triggered.db");
  (void)sqlite_checkpoint_store(triggered);
  run_sql(triggered, "CREATE TRIGGER evil AFTER INSERT ON log BEGIN DELETE FROM threads; END");
  const auto stripped = folder.file("stripped.db");
  (void)sqlite_checkpoint_store(stripped);
  run_sql(stripped, "DROP TABLE runs");
  for (const auto& path : {foreign, text, marked, triggered, stripped}) {
    INFO(path);
    const auto before = content(path);
    CHECK(code_of([&] { (void)sqlite_checkpoint_store(path); }) == errc::corrupt_store);
    CHECK(code_of([&] { (void)sqlite_checkpoint_store(path, {.mode = sqlite_mode::read}); }) ==
          errc::corrupt_store);
    CHECK(content(path) == before);
  }
}

TEST_CASE("A place where nothing can be written is refused with its path and what to do") {
  const auto message = message_of([] { (void)sqlite_checkpoint_store("/proc/none/store.db"); });
  CHECK_THAT(message, Catch::Contains("/proc/none/store.db"));
  CHECK_THAT(message, Catch::Contains("writable"));
  CHECK(code_of([] { (void)sqlite_memory_store("/proc/none/store.db"); }) == errc::store_failed);

  const temporary_folder folder;
  const auto path = folder.file("store.db");
  REQUIRE(::chmod(std::filesystem::path(path).parent_path().c_str(), 0555) == 0);
  const int code = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 3;
    try {
      (void)sqlite_checkpoint_store(path);
    } catch (const error& failure) {
      const auto& text = failure.message();
      const bool clear = text.find(path) != std::string::npos &&
                         text.find("Permission denied") != std::string::npos;
      return failure.code() == errc::store_failed && clear ? 0 : 1;
    }
    return 2;
  });
  CHECK(code == 0);
}

TEST_CASE("A path that is empty or holds a NUL is an invalid argument") {
  for (const auto& path : {std::string{}, std::string("a\0b", 3)}) {
    CHECK(code_of([&] { (void)sqlite_checkpoint_store(path); }) == errc::invalid_argument);
    CHECK(code_of([&] { (void)sqlite_memory_store(path); }) == errc::invalid_argument);
  }
}

TEST_CASE("A checkpoint of 200 bytes costs under 300 bytes of file, all included") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  constexpr std::uint64_t count = 10'000;
  constexpr std::uint64_t threads = 100;
  {
    const auto store = sqlite_checkpoint_store(path);
    std::vector<store_write> batch;
    for (std::uint64_t i = 0; i < count; ++i) {
      // Ids as a writer makes them: milliseconds, some way into the counter of each.
      const auto id_at = [](std::uint64_t n) { return (1'760'000'000'000U + n) << 20U | 0x5A5A5U; };
      auto op = checkpoint("thread-" + std::to_string(i % threads), id_at(i),
                           i < threads ? 0 : id_at(i - threads));
      op.info.created = at(static_cast<std::int64_t>(op.info.id.value >> 20U));
      op.info.step = static_cast<std::int64_t>(i);
      op.body = std::string(200, 'x');
      batch.emplace_back(std::move(op));
    }
    store->write(batch);
  }
  CHECK(std::filesystem::file_size(path) / count < 300);
}

TEST_CASE("The power-safe mode stores the same") {
  const temporary_folder folder;
  const auto store = sqlite_checkpoint_store(folder.file("store.db"), {.power_safe = true});
  put_chain(*store, "t", 1, 3);
  CHECK(list_at(*store, "t", 3) == std::vector{1, 2, 3});
}

TEST_CASE("A copy of a SQLite store is what was there, while it is written to") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  const auto copy = folder.file("copy.db");
  const auto store = sqlite_checkpoint_store(path);
  const auto memory = sqlite_memory_store(path);
  memory->put({"a"}, "k", R"({"t": "word"})");
  put(*store, run("r", "t", run_status::interrupted));
  put_chain(*store, "t", 1, 50);
  const auto before = dump(*store);
  SECTION("It holds all that was durable, and lives on its own") {
    const auto bytes = backup_sqlite_store(path, copy);
    CHECK(bytes == std::filesystem::file_size(copy));
    put_chain(*store, "t", 51, 60, 50);
    CHECK(dump(*sqlite_checkpoint_store(copy)) == before);
    CHECK(sqlite_memory_store(copy)->search({.text = "word"}).size() == 1);
    for (const auto& one : std::filesystem::directory_iterator(folder.file(""))) {
      CHECK_THAT(one.path().string(), !Catch::Contains(".part"));
    }
  }
  SECTION("A file that is there is not replaced, what was left of an earlier copy is") {
    std::ofstream{copy} << "mine";
    CHECK(code_of([&] { backup_sqlite_store(path, copy); }) == errc::invalid_argument);
    CHECK(code_of([&] { backup_sqlite_store(path, path); }) == errc::invalid_argument);
    CHECK(content(copy) == "mine");
    std::filesystem::remove(copy);
    std::ofstream{copy + ".part"} << "cut off";
    CHECK_NOTHROW(backup_sqlite_store(path, copy));
    CHECK(dump(*sqlite_checkpoint_store(copy)) == before);
  }
  SECTION("What is no store of ours is not copied, and there must be a folder") {
    CHECK(code_of([&] { backup_sqlite_store(folder.file("none.db"), copy); }) ==
          errc::store_failed);
    std::ofstream{folder.file("text")} << std::string(2000, 'x');
    CHECK(code_of([&] { backup_sqlite_store(folder.file("text"), copy); }) == errc::corrupt_store);
    CHECK(code_of([&] { backup_sqlite_store(path, folder.file("no/copy.db")); }) ==
          errc::store_failed);
    CHECK_FALSE(std::filesystem::exists(copy));
  }
}
