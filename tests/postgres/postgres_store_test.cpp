#include "postgres/database.hpp"
#include "store/child_process.hpp"
#include "store/conformance.hpp"
#include "store/lease_rules.hpp"
#include "store/memory_conformance.hpp"
#include "store/postgres_connection.hpp"
#include "store/postgres_lease.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <csignal>
#include <future>
#include <optional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace mcp;
using namespace mcp::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

store_under_test postgres() {
  const auto schema = database::new_schema();
  const auto open = [schema](store_under_test& one) {
    one.store.reset();
    one.store = open_postgres(schema);
  };
  store_under_test result{{}, open};
  open(result);
  return result;
}

/// Waits for news of a store.
class listener {
 public:
  explicit listener(checkpoint_store& store)
      : watch_(store.watch([this](store_news news) {
          auto& told = news == store_news::freed ? freed_ : lost_;
          if (!told.second.exchange(true)) told.first.set_value();
        })) {}

  void wait_for(store_news news) {
    (news == store_news::freed ? freed_ : lost_).first.get_future().wait();
  }

 private:
  using once = std::pair<std::promise<void>, std::atomic<bool>>;
  once freed_{};
  once lost_{};
  std::shared_ptr<void> watch_;
};

/// A process with a store of its own, which does `first` and then waits to be killed.
pid_t other_process(const std::function<void()>& first) {
  std::array<int, 2> ready{};
  REQUIRE(::pipe(ready.data()) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      first();
    } catch (const std::exception&) {
      ::_exit(1);
    }
    static_cast<void>(::write(ready[1], "!", 1));
    for (;;) ::pause();
  }
  ::close(ready[1]);
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]);
  return child;
}

void kill_process(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE("The PostgreSQL store keeps the promises of the port") {
  check_checkpoint_store(postgres);
}

TEST_CASE("The PostgreSQL memory store keeps the promises of the port") {
  check_memory_store([](const memory_options& options) {
    return postgres_memory_store(database::shared().target(), options, database::new_schema());
  });
}

TEST_CASE("A thread that one server has claimed is nobody else's until that one ends") {
  const auto schema = database::new_schema();
  auto one = open_postgres(schema);
  const auto two = open_postgres(schema);
  put(*one, run("r", "t"));
  CHECK(one->claim("t"));
  CHECK_FALSE(two->claim("t"));
  one->release("t");
  while (!two->claim("t")) std::this_thread::yield();
  two->release("t");
  while (!one->claim("t")) std::this_thread::yield();
  listener news{*two};
  one.reset();
  news.wait_for(store_news::freed);
  CHECK(two->claim("t"));
}

TEST_CASE("The threads of a server that dies are free when its lease has run out") {
  const auto schema = database::new_schema();
  const auto here = open_postgres(schema, 300ms);
  const auto child = other_process([&] {
    static auto kept = open_postgres(schema, 300ms);
    put(*kept, run("r", "t"));
    if (!kept->claim("t")) throw std::runtime_error{"claim"};
  });
  CHECK_FALSE(here->claim("t"));
  listener news{*here};
  kill_process(child);
  news.wait_for(store_news::freed);
  CHECK(here->claim("t"));
}

TEST_CASE("A server that was stopped for longer than its lease can write nothing") {
  const auto schema = database::new_schema();
  const auto here = open_postgres(schema, 300ms);
  put_chain(*here, "t", 1, 1);
  put(*here, run("r", "t"));
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int code = 10;
    try {
      const auto there = open_postgres(schema, 300ms);
      listener news{*there};
      if (there->claim("t")) ::raise(SIGSTOP);
      try {
        put(*there, checkpoint("t", 2, 1));
      } catch (const error& what) {
        code = what.code() == errc::lease_lost ? 0 : 11;
      }
      news.wait_for(store_news::lost);
      try {
        static_cast<void>(there->claim("u"));
        code = 12;
      } catch (const error& what) {
        if (what.code() != errc::lease_lost) code = 13;
      }
    } catch (const std::exception&) {
      code = 14;
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(status));
  CHECK_FALSE(here->claim("t"));
  listener news{*here};
  news.wait_for(store_news::freed);
  CHECK(here->claim("t"));
  put(*here, checkpoint("t", 3, 1));
  ::kill(child, SIGCONT);
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(list_at(*here, "t", 3) == std::vector{1, 3});
  CHECK_FALSE(here->load("t", "", checkpoint_id{2}).has_value());
}

TEST_CASE("A server that froze in the middle of a batch does not hold up those who take over") {
  const auto schema = database::new_schema();
  const auto here = open_postgres(schema, 300ms);
  put(*here, run("r", "t"));
  const auto& target = database::shared().target();
  store::postgres_connection other{target, schema};
  static constexpr store::postgres_statement enter{
      "enter_dead",
      "INSERT INTO servers(name, until) VALUES('frozen', clock_timestamp()) RETURNING id"};
  const auto id = other.query(enter).integer(0, 0);
  const auto text = std::to_string(id);
  other.execute("INSERT INTO writers VALUES(" + text + ", 0); INSERT INTO claims VALUES('t', " +
                text + ")");
  // Its session has begun a batch, and never ends it.
  store::postgres_connection frozen{target, schema, store::postgres_lease::session_of(id)};
  frozen.execute("BEGIN; SELECT fence(" + text + ", 1)");
  CHECK_FALSE(here->claim("t"));
  listener news{*here};
  news.wait_for(store_news::freed);
  CHECK(here->claim("t"));
  CHECK_THROWS_AS(frozen.execute("COMMIT"), store::postgres_failure);
}

TEST_CASE("Who begins to listen after the lease is lost is told so") {
  const auto schema = database::new_schema();
  const auto store = open_postgres(schema);
  database::shared().run("DELETE FROM " + schema + ".servers");
  CHECK(code_of([&] { put(*store, run("r", "t")); }) == errc::lease_lost);
  listener late{*store};
  late.wait_for(store_news::lost);
}

TEST_CASE("No batch is lost or written twice when the database is killed") {
  database own;
  const auto schema = database::new_schema();
  const auto open = [&] {
    return postgres_checkpoint_store(own.target(), {.schema = schema, .lease = 1s});
  };
  const auto store = open();
  const auto other = open();
  REQUIRE(store->claim("t"));
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> written{0};
  std::thread writer([&] {
    // A batch that was written twice would be refused: its checkpoint is there already.
    for (std::uint64_t id = 1; !enough; ++id) {
      const std::vector<store_write> batch{checkpoint("t", id, id - 1),
                                           journal("t", id, journal_kind::task, "k")};
      store->write(batch);
      written = id;
    }
  });
  for (int kills = 0; kills < 4; ++kills) {
    const auto before = written.load();
    while (written < before + 20) std::this_thread::yield();
    own.kill();
    own.start();
  }
  const auto before = written.load();
  while (written < before + 20) std::this_thread::yield();
  enough = true;
  writer.join();
  const auto last = written.load();
  CHECK(list_at(*store, "t", last).size() == last);
  CHECK(store->history("t", "", {.limit = 10'000}).size() == last);
  // Nobody was taken for dead because the database was.
  CHECK_FALSE(other->claim("t"));
}

TEST_CASE("Who cannot write for longer than it may gives up its threads, and says what is wrong") {
  database own;
  const auto store = postgres_checkpoint_store(
      own.target(), {.schema = database::new_schema(), .lease = 1s, .write_patience = 200ms});
  listener news{*store};
  REQUIRE(store->claim("t"));
  put(*store, run("r", "t"));
  while (!store->trouble().empty()) std::this_thread::yield();  // a busy machine
  own.kill();
  std::optional<errc> refused;
  for (int i = 0; !refused; ++i) {  // what is left of the database may take one more
    try {
      put(*store, run("s" + std::to_string(i), "t"));
    } catch (const error& why) {
      refused = why.code();
    }
  }
  CHECK(refused == errc::lease_lost);
  news.wait_for(store_news::lost);
  CHECK(code_of([&] { put(*store, run("s", "t")); }) == errc::lease_lost);
}

TEST_CASE("A store says that its database is away until it is back") {
  database own;
  const auto store =
      postgres_checkpoint_store(own.target(), {.schema = database::new_schema(), .lease = 300ms});
  while (!store->trouble().empty()) std::this_thread::yield();  // a busy machine
  own.kill();
  while (store->trouble().empty()) std::this_thread::yield();
  CHECK_THAT(store->trouble(), Contains("has not answered for"));
  own.start();
  while (!store->trouble().empty()) std::this_thread::yield();
  put(*store, run("r", "t"));
}

TEST_CASE("Servers that share a store are listed while they are there") {
  const auto schema = database::new_schema();
  const auto open = [&](const std::string& name) {
    return postgres_checkpoint_store(database::shared().target(),
                                     {.schema = schema, .server = name});
  };
  const auto first = open("a");
  auto second = open("b");
  CHECK(first->owners() == std::vector<std::string>{"a", "b"});
  second.reset();
  CHECK(first->owners() == std::vector<std::string>{"a"});
}

TEST_CASE("The fence lets each batch of a living server through once") {
  const auto schema = database::new_schema();
  const auto store = open_postgres(schema);
  store::postgres_connection connection{database::shared().target(), schema};
  const auto pass = [&](const std::string& server, int batch) -> std::string {
    try {
      connection.execute("SELECT fence(" + server + ", " + std::to_string(batch) + ")");
    } catch (const store::postgres_failure& refused) {
      return refused.state;
    }
    return "passed";
  };
  const std::string mine = "(SELECT id FROM servers)";
  CHECK(pass(mine, 1) == "passed");
  CHECK(pass(mine, 1) == "MC007");
  CHECK(pass(mine, 2) == "passed");
  CHECK(pass("0", 3) == "MC009");
  // The store's own first batch has a number that is taken: that is no retry, and no success.
  CHECK(code_of([&] { put(*store, run("r", "t")); }) == errc::store_failed);
  connection.execute("DELETE FROM servers");
  CHECK(code_of([&] { put(*store, run("r", "t")); }) == errc::lease_lost);
}

TEST_CASE("A target that is of no use is named, and its password is not") {
  const auto& target = database::shared().target();
  const auto open = [](const std::string& where, const postgres_options& options = {}) {
    return [=] { static_cast<void>(postgres_checkpoint_store(where, options)); };
  };
  const auto nobody = message_of(open("host=127.0.0.1 port=1 user=me password=hunter2 dbname=d"),
                                 errc::store_failed);
  CHECK_THAT(nobody, Contains("host=127.0.0.1 port=1 dbname=d user=me") && Contains("refused"));
  CHECK_THAT(nobody, !Contains("hunter2"));
  const auto odd = message_of(open("postgres://me:hunter2@[host"), errc::invalid_argument);
  CHECK_THAT(odd, Contains("target") && !Contains("hunter2"));
  CHECK_THAT(message_of(open(target + " dbname=nowhere"), errc::store_failed),
             Contains("\"nowhere\" does not exist"));
  CHECK_THAT(message_of(open(target, {.schema = "Not \"good\""}), errc::invalid_argument),
             Contains("no schema"));
  CHECK_THAT(message_of(open(target, {.lease = 1ms}), errc::invalid_argument), Contains("100 ms"));
  CHECK_THAT(message_of(open(target, {.schema = "never_made", .own = false}), errc::store_failed),
             Contains("never_made"));
}

TEST_CASE("A reader changes nothing and a newer format is refused") {
  const auto schema = database::new_schema();
  put_chain(*open_postgres(schema), "t", 1, 3);
  const auto& target = database::shared().target();
  const auto reader = postgres_checkpoint_store(target, {.schema = schema, .own = false});
  CHECK(list_at(*reader, "t", 3).size() == 3);
  CHECK(code_of([&] { put(*reader, checkpoint("t", 4, 3)); }) == errc::store_failed);
  CHECK(code_of([&] { static_cast<void>(reader->claim("t")); }) == errc::store_failed);
  database::shared().run("UPDATE " + schema + ".meta SET value = 99");
  CHECK_THAT(message_of([&] { static_cast<void>(open_postgres(schema)); }, errc::newer_format),
             Contains("format 99"));
}

TEST_CASE("What PostgreSQL cannot keep is refused, and the store goes on") {
  const auto store = open_postgres(database::new_schema());
  put_chain(*store, "t", 1, 1);
  const std::vector<store_write> batch{checkpoint("t", 2, 1),
                                       checkpoint(std::string{"a\0b", 3}, 1, 0)};
  CHECK(code_of([&] { store->write(batch); }) == errc::invalid_argument);
  CHECK(store->history("t", "", {}).size() == 1);
  CHECK(code_of([&] { put(*store, run("r", "not \xFF UTF-8")); }) == errc::invalid_argument);
  put(*store, journal("t", 1, journal_kind::effect, std::string{"\0\xFF'", 3}, ""));
  CHECK(store->load("t", "")->journal.at(0).key == std::string{"\0\xFF'", 3});
  put_chain(*store, "t", 2, 3, 1);
  CHECK(list_at(*store, "t", 3).size() == 3);
}

TEST_CASE("A lease is judged only by who has kept its own for as long") {
  store::lease_rules rules{900ms};
  CHECK(rules.renew_every() == 150ms);
  CHECK_FALSE(rules.may_judge(10'000ms));
  rules.renewed(1'000ms);
  CHECK_FALSE(rules.may_judge(1'899ms));
  for (const auto at : {1'300ms, 1'600ms, 1'900ms}) rules.renewed(at);
  CHECK(rules.may_judge(1'900ms));
  rules.failed();
  CHECK_FALSE(rules.may_judge(1'900ms));
  for (const auto at : {2'000ms, 2'450ms, 2'899ms}) rules.renewed(at);
  CHECK_FALSE(rules.may_judge(2'899ms));
  CHECK(rules.may_judge(2'900ms));
  // The answer about the others took so long that the database may have stood still.
  CHECK(rules.may_judge(3'349ms));
  CHECK_FALSE(rules.may_judge(3'350ms));
  // It stood still, or this process did, and no call has failed.
  rules.renewed(3'350ms);
  for (const auto at : {3'600ms, 4'000ms, 4'249ms}) rules.renewed(at);
  CHECK_FALSE(rules.may_judge(4'249ms));
  CHECK(rules.may_judge(4'250ms));
}
