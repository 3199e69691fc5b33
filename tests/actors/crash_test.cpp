// A run is killed at every durable write and must end as if nothing had happened.

#include "actors/crash_flight.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "support/killing_store.hpp"
#include "support/sanitized.hpp"
#include "support/this_program.hpp"

#include <chrono>
#include <cstdlib>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include <unistd.h>

using namespace crash_flight;

namespace {

constexpr const char* thread_id = "FM101";
/// A process is started for each point: all of them, or every ninth one.
constexpr std::size_t stride = mcp::test::sanitized ? 9 : 1;
/// Most processes that one run may need.
constexpr int max_lives = 400;

enum exit_code : int { finished = 0, went_wrong = 1, run_was_lost = 3 };

std::string setting(const char* name) {
  const char* found = std::getenv(name);
  return found == nullptr ? "" : found;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>{in}, {}};
}

// ---- the process that is killed -------------------------------------------------------------

std::shared_ptr<mcp::checkpoint_store> open_store(const std::string& folder,
                                                  const receiver& world) {
  mcp::test::killing_store::plan fate;
  fate.at = std::stoul(setting("MCP_CRASH_AT"));
  const auto side = setting("MCP_CRASH_SIDE");
  fate.when = side == "after" ? mcp::test::killing_store::side::after
                              : mcp::test::killing_store::side::before;
  // The store dies late: whatever may run ahead of it has the time to.
  if (side == "late")
    fate.last_words = [] { std::this_thread::sleep_for(std::chrono::milliseconds{3}); };
  fate.durable = [world](std::span<const mcp::store_write> batch) {
    for (const auto& one : batch) {
      const auto* entry = std::get_if<mcp::put_journal>(&one);
      if (entry != nullptr && entry->entry.kind == mcp::journal_kind::effect) {
        world.note("durable " + entry->entry.key);
      }
    }
  };
  return std::make_shared<mcp::test::killing_store>(
      mcp::sqlite_checkpoint_store(folder + "/runs.db"), std::move(fate));
}

mcp::run_result<flight> go_on(mcp::executor<flight>& executor, mcp::checkpoint_store& store,
                              const mcp::run_options& options, const std::string& folder) {
  const auto recovered = executor.recovered();
  if (!recovered.empty()) return recovered.front().join();
  const auto known = store.runs({.thread_id = thread_id});
  if (known.empty()) {
    const auto run = executor.start(flight{.fuel = 1000}, options);
    std::ofstream(folder + "/accepted") << run.run_id();
    return run.join();
  }
  return executor.resume(thread_id).join();
}

int live(const std::string& folder) {
  const receiver world(folder);
  const auto store = open_store(folder, world);
  if (std::filesystem::exists(folder + "/accepted") &&
      store->runs({.thread_id = thread_id}).empty()) {
    return run_was_lost;
  }
  mcp::executor<flight> executor{
      make_flight(world),
      {.store = store, .runtime = mcp::actor_runtime{{.scheduler_threads = 2}}}};
  mcp::run_options options{.thread_id = thread_id};
  options.durability = static_cast<mcp::durability>(std::stoi(setting("MCP_CRASH_DURABILITY")));
  auto result = go_on(executor, *store, options, folder);
  while (result.status() == mcp::run_status::interrupted) {
    if (result.interrupts().size() != 1) return went_wrong;
    result = executor
                 .resume(thread_id,
                         mcp::answers{}.add(result.interrupts().front().id, clearance{true, 330}))
                 .join();
  }
  if (!result.done()) return went_wrong;
  std::ofstream(folder + "/result") << mcp::to_json(executor.state(thread_id).values);
  return finished;
}

// ---- the test that kills it -------------------------------------------------------------------

struct death {
  std::size_t at = 0;
  const char* side = "before";
  mcp::durability durability = mcp::durability::async;
  bool every_life = false;
};

std::string describe(const death& how) {
  std::ostringstream text;
  text << "durability " << static_cast<int>(how.durability) << ", killed " << how.side << " write "
       << how.at << (how.every_life ? " of every life" : "");
  return text.str();
}

/// Runs one process to its end; its exit code, or `mcp::test::killed`.
int one_life(const std::string& folder, const death& how, bool killed) {
  return mcp::test::run_this_program(
      "[.crash-child]",
      {"MCP_CRASH_FOLDER=" + folder, "MCP_CRASH_AT=" + std::to_string(killed ? how.at : 0),
       std::string{"MCP_CRASH_SIDE="} + how.side,
       "MCP_CRASH_DURABILITY=" + std::to_string(static_cast<int>(how.durability))},
      folder + "/output");
}

/// What is guaranteed of effects.
void check_effects(const receiver& world, bool one_death) {
  std::map<std::string, int> calls;
  std::map<std::string, std::set<std::string>> happened;  ///< keys by name
  std::set<std::string> durable;
  for (const auto& line : world.lines()) {
    std::istringstream words(line);
    std::string what;
    std::string key;
    std::string name;
    words >> what >> key >> name;
    if (what == "durable") durable.insert(key);
    if (what == "call") {
      INFO(line << ": its result was durable");
      CHECK(!durable.contains(key));
      ++calls[key];
    }
    if (what == "call" && world.has(key)) happened[name].insert(key);
  }
  CHECK(happened.size() == effect_count);
  for (const auto& [name, keys] : happened) {
    INFO("effect " << name);
    CHECK(keys.size() == 1);  // a repeated call has the same key, so the receiver drops it
  }
  for (const auto& [key, times] : calls) CHECK((!one_death || times <= 2));
}

/// Runs a flight through its deaths. False when it ended before it could die.
bool survive(const death& how, std::string& result) {
  const mcp::test::temporary_folder folder;
  const auto place = folder.file("");
  int deaths = 0;
  int code = mcp::test::killed;
  for (int life = 0; code == mcp::test::killed && life < max_lives; ++life) {
    code = one_life(place, how, how.at > 0 && (life == 0 || how.every_life));
    if (code == mcp::test::killed) ++deaths;
  }
  INFO(describe(how) << "\n" << read_file(place + "/output") << read_file(place + "/calls"));
  REQUIRE(code == finished);
  check_effects(receiver{place}, !how.every_life);
  const auto store = mcp::sqlite_checkpoint_store(place + "/runs.db");
  const auto runs = store->runs({});
  REQUIRE(runs.size() == 1);
  CHECK(runs.front().status == mcp::run_status::done);
  const auto last = store->load(thread_id, "");
  REQUIRE(last);
  CHECK(last->info.step == supersteps - 1);  // the first superstep is step 0
  const auto reached = read_file(place + "/result");
  if (result.empty()) result = reached;
  CHECK(reached == result);
  return deaths > 0;
}

/// Kills at the writes, on both sides of each; returns how many points there were.
std::size_t kill_everywhere(mcp::durability durability) {
  std::string undisturbed;
  REQUIRE(!survive({.durability = durability}, undisturbed));
  REQUIRE(!undisturbed.empty());
  std::size_t points = 0;
  for (const char* side : {"before", "after", "late"}) {
    for (std::size_t at = 1; survive({at, side, durability, false}, undisturbed); at += stride) {
      ++points;
    }
  }
  return points;
}

}  // namespace

TEST_CASE("The process that the crash tests kill.", "[.crash-child]") {
  const auto folder = setting("MCP_CRASH_FOLDER");
  REQUIRE(!folder.empty());
  ::_exit(live(folder));
}

TEST_CASE(
    "A run that is killed at any durable write ends in the same state without an effect twice.",
    "[crash]") {
  const auto durability =
      GENERATE(mcp::durability::async, mcp::durability::sync, mcp::durability::exit);
  const auto points = kill_everywhere(durability);
  WARN("durability " << static_cast<int>(durability) << ": killed at " << points << " points");
  CHECK(points * stride >= (durability == mcp::durability::sync ? 150U : 20U));
}

TEST_CASE("A run whose process dies again and again is finished at last.", "[crash]") {
  const auto durability = GENERATE(mcp::durability::async, mcp::durability::sync);
  const auto side = GENERATE("before", "after");
  std::string undisturbed;
  REQUIRE(!survive({.durability = durability}, undisturbed));
  CHECK(survive({5, side, durability, true}, undisturbed));
}
