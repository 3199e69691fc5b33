#include "cluster/state_shipper.hpp"

#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <random>

using namespace mcp;
using namespace mcp::cluster;

namespace {

state_fields fields_of(const std::vector<std::string>& texts) {
  state_fields made;
  for (const auto& text : texts) made.push_back(std::make_shared<const std::string>(text));
  return made;
}

std::vector<std::string> texts_of(const state_fields& fields) {
  std::vector<std::string> made;
  for (const auto& field : fields) made.push_back(*field);
  return made;
}

struct states {
  int one = 0;
  int two = 0;
  int three = 0;
};

}  // namespace

TEST_CASE("A state travels once to each member, the next one of its run as what changed",
          "[shipping]") {
  state_shipper shipper;
  const states objects;
  const auto encode = [](std::vector<std::string> texts) {
    return [texts = std::move(texts)] { return fields_of(texts); };
  };
  const auto first = shipper.use(&objects.one, "run", encode({"a", "b", "c"}));
  CHECK(shipper.use(&objects.one, "run", [] { return state_fields{}; }) == first);
  const auto told = shipper.before_task(7, first);
  REQUIRE(told);
  CHECK(told->base == 0);
  CHECK(told->fields.size() == 3);
  CHECK_FALSE(shipper.before_task(7, first));
  shipper.release(first);
  shipper.release(first);
  CHECK(shipper.take_forgotten().empty());  // the next one may stand on it

  const auto second = shipper.use(&objects.one, "run", encode({"a", "B", "c"}));
  CHECK(second != first);
  const auto changed = shipper.before_task(7, second);
  REQUIRE(changed);
  CHECK(changed->base == first);
  REQUIRE(changed->fields.size() == 1);
  CHECK(changed->fields.front().index == 1);
  CHECK(changed->fields.front().bytes == "B");
  // A member that has not seen the first gets all of it.
  CHECK(shipper.before_task(8, second)->fields.size() == 3);
  shipper.release(second);

  const auto third = shipper.use(&objects.two, "run", encode({"a", "B", "C"}));
  CHECK(shipper.take_forgotten() ==
        std::vector<std::pair<state_shipper::member_id, state_shipper::number>>{{7, first}});
  CHECK(shipper.before_task(8, third)->base == second);
  CHECK(shipper.kept() == 2);
}

TEST_CASE("A state that a task uses is kept, however many follow it", "[shipping]") {
  state_shipper shipper;
  const states objects;
  const auto encode = [] { return fields_of({"x"}); };
  const auto first = shipper.use(&objects.one, "run", encode);
  const auto second = shipper.use(&objects.two, "run", encode);
  const auto third = shipper.use(&objects.three, "run", encode);
  static_cast<void>(shipper.before_task(1, first));
  CHECK(shipper.kept() == 3);
  shipper.release(first);
  CHECK(shipper.take_forgotten().size() == 1);
  CHECK(shipper.kept() == 2);
  shipper.release(second);
  shipper.release(third);
  CHECK(shipper.kept() == 2);
}

TEST_CASE("The states of only so many runs are kept", "[shipping]") {
  state_shipper shipper{2};
  const states object;
  for (int run = 0; run < 10; ++run) {
    const auto state = shipper.use(&object, std::to_string(run), [] { return fields_of({"x"}); });
    static_cast<void>(shipper.before_task(1, state));
    shipper.release(state);
  }
  CHECK(shipper.kept() == 2);
  CHECK(shipper.take_forgotten().size() == 8);
}

TEST_CASE("What a worker is told of states is checked", "[shipping]") {
  state_shelf shelf;
  shelf.put({1, 0, {{0, "a"}, {1, "b"}}});
  shelf.put({2, 1, {{1, "B"}}});
  CHECK(texts_of(shelf.at(2)) == std::vector<std::string>{"a", "B"});
  CHECK(texts_of(shelf.at(1)) == std::vector<std::string>{"a", "b"});
  CHECK_THROWS_AS(shelf.put({2, 0, {}}), error);
  CHECK_THROWS_AS(shelf.put({3, 9, {}}), error);
  CHECK_THROWS_AS(shelf.put({3, 1, {{2, "c"}}}), error);
  CHECK_THROWS_AS(shelf.put({3, 0, {{1, "c"}}}), error);
  shelf.forget(1);
  CHECK_THROWS_AS(shelf.at(1), error);
  CHECK(texts_of(shelf.at(2)) == std::vector<std::string>{"a", "B"});
}

namespace {

/// Runs and members in an order made by chance: each member has what its tasks need.
void ship_at_random(unsigned seed) {
  std::mt19937 chance{seed};
  const auto below = [&](std::size_t limit) { return chance() % limit; };
  constexpr std::size_t runs = 6;
  constexpr std::size_t members = 4;
  state_shipper shipper{4};
  std::vector<std::vector<std::string>> now(runs, {"0", "0", "0"});
  std::vector<std::unique_ptr<int>> objects(runs);
  std::vector<state_shelf> shelves(members);
  struct task {
    std::size_t run;
    state_shipper::number state;
  };
  std::vector<task> open;
  std::vector<std::vector<std::unique_ptr<int>>> held(runs);
  for (auto& one : objects) one = std::make_unique<int>();
  const auto forget = [&] {
    for (const auto& [member, state] : shipper.take_forgotten()) shelves[member].forget(state);
  };
  for (int turn = 0; turn < 3'000; ++turn) {
    const auto run = below(runs);
    switch (below(6)) {
      case 0:  // the run goes on: another object, with a field changed
        now[run][below(3)] = std::to_string(turn);
        held[run].push_back(std::exchange(objects[run], std::make_unique<int>()));
        break;
      case 1:
        shipper.leave(below(members));
        break;
      case 2:
      case 3:
        if (!open.empty()) {
          const auto at = static_cast<std::ptrdiff_t>(below(open.size()));
          shipper.release(open[static_cast<std::size_t>(at)].state);
          open.erase(open.begin() + at);
        }
        break;
      default: {
        const auto state = shipper.use(objects[run].get(), std::to_string(run),
                                       [&] { return fields_of(now[run]); });
        open.push_back({run, state});
        const auto member = below(members);
        forget();
        if (const auto told = shipper.before_task(member, state)) {
          if (told->base == 0) shelves[member].forget(told->state);  // of a member that came anew
          shelves[member].put(*told);
        }
        REQUIRE(texts_of(shelves[member].at(state)) == now[run]);
      }
    }
  }
  for (const auto& one : open) shipper.release(one.state);
  REQUIRE(shipper.kept() <= 8);
}

}  // namespace

TEST_CASE("Whatever runs, members have the states that their tasks name", "[shipping]") {
  if (const char* given = std::getenv("MCP_TEST_SEED")) {
    return ship_at_random(static_cast<unsigned>(std::atol(given)));
  }
  for (unsigned seed = 1; seed <= 30; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    ship_at_random(seed);
  }
}
