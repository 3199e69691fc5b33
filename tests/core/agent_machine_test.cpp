#include "core/agent_machine.hpp"

#include "support/catch.hpp"

#include <memory>
#include <random>

namespace mcp::core {
namespace {

using std::chrono::milliseconds;

class waiting_asker final : public asker {
 public:
  [[nodiscard]] bool wanted() const noexcept override { return wanted_; }
  void answer(agent_outcome) override { wanted_ = false; }
  bool wanted_ = true;
};

const agent_handler& handler() {
  static const agent_handler one{.name = "string", .message = &value_type_of<std::string>};
  return one;
}

agent_mail letter(const std::string& id = "m") {
  agent_mail mail;
  mail.id = id;
  mail.handler = &handler();
  mail.content = std::make_shared<const value>(id);
  return mail;
}

agent_mail registered(const std::string& id = "d") {
  auto mail = letter(id);
  mail.durable = true;
  return mail;
}

/// A machine and what a shell would do for it.
struct desk {
  explicit desk(agent_options options = {}, bool stored = false, bool supervised = false)
      : machine(options, stored, now, supervised) {
    REQUIRE(machine.next(now) == agent_todo::load);
    CHECK(machine.next(now) == agent_todo::nothing);
  }
  desk& load() {
    machine.loaded(0, {}, now);
    return *this;
  }
  agent_admission arrive(agent_mail mail) { return machine.arrive(mail); }
  /// Handles the next message; returns its id, or nothing when there is none.
  std::optional<std::string> handle(std::optional<error> failed = {}) {
    if (machine.next(now) != agent_todo::begin) return std::nullopt;
    auto id = machine.take().id;
    machine.turn_ended(failed, 0);
    REQUIRE(machine.next(now) == agent_todo::commit);
    machine.committed(false);
    REQUIRE(machine.next(now) == agent_todo::release);
    verdict = machine.released(now, failed.has_value());
    return id;
  }

  instant now{std::chrono::hours{1}};
  agent_machine machine;
  agent_on_failure verdict = agent_on_failure::keep;
};

const error broken{errc::agent_failed, "broken"};
const error other_broke{errc::agent_restarted, "another broke"};

}  // namespace

TEST_CASE("An agent's messages wait for its state and are handled one by one, in order") {
  desk agent;
  CHECK(!agent.arrive(letter("a")).refused);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.load();
  CHECK(!agent.arrive(letter("b")).refused);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  CHECK(agent.machine.take().id == "a");
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.turn_ended(std::nullopt, 0);
  CHECK(agent.machine.next(agent.now) == agent_todo::commit);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.committed(false);
  CHECK(agent.machine.next(agent.now) == agent_todo::release);
  CHECK(agent.machine.released(agent.now, false) == agent_on_failure::keep);
  CHECK(agent.handle() == "b");
  CHECK(agent.handle() == std::nullopt);
  CHECK(agent.machine.handled() == 2);
}

TEST_CASE("A full mailbox refuses, and names its limit") {
  desk agent{{.mailbox = 2}};
  CHECK(!agent.arrive(letter()).refused);
  CHECK(!agent.arrive(letter()).refused);
  const auto third = agent.arrive(letter());
  REQUIRE(third.refused);
  CHECK(third.refused->code() == errc::overloaded);
  CHECK(third.refused->message().find("mailbox = 2") != std::string::npos);
  CHECK(agent.machine.waiting() == 2);
}

TEST_CASE("Messages that nobody waits for any more make room and are not handled") {
  desk agent{{.mailbox = 1}};
  auto question = letter("late");
  const auto who = std::make_shared<waiting_asker>();
  question.from = who;
  CHECK(!agent.arrive(question).refused);
  CHECK(agent.arrive(letter("x")).refused);
  who->wanted_ = false;
  CHECK(!agent.arrive(letter("y")).refused);
  agent.load();
  CHECK(agent.handle() == "y");
  CHECK(agent.handle() == std::nullopt);
}

TEST_CASE("With drop_oldest the oldest message goes, but never a durable one") {
  desk agent{{.mailbox = 2, .overflow = agent_overflow::drop_oldest}, true};
  CHECK(!agent.arrive(registered("d")).refused);
  CHECK(!agent.arrive(letter("a")).refused);
  const auto next = agent.arrive(letter("b"));
  CHECK(!next.refused);
  REQUIRE(next.displaced);
  CHECK(next.displaced->id == "a");
  CHECK(agent.arrive(registered("e")).displaced->id == "b");
  const auto full = agent.arrive(letter("c"));
  REQUIRE(full.refused);
  CHECK(full.refused->code() == errc::overloaded);
}

TEST_CASE("A message goes on when its answers are there; late ones are nobody's") {
  desk agent;
  agent.load().arrive(letter("a"));
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  const auto generation = agent.machine.generation();
  agent.machine.opened();
  agent.machine.opened();
  agent.machine.turn_ended(std::nullopt, 0);
  CHECK(agent.machine.phase() == agent_phase::waiting);
  agent.arrive(letter("b"));
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);  // no other message meanwhile
  CHECK(agent.machine.resumed(generation));
  CHECK(!agent.machine.resumed(generation - 1));
  CHECK(agent.machine.next(agent.now) == agent_todo::go_on);
  agent.machine.turn_ended(std::nullopt, 0);
  CHECK(agent.machine.phase() == agent_phase::waiting);
  CHECK(agent.machine.resumed(generation));
  CHECK(!agent.machine.resumed(generation));  // only as many as were asked
  CHECK(agent.machine.next(agent.now) == agent_todo::go_on);
  agent.machine.turn_ended(broken, 0);
  CHECK(agent.machine.next(agent.now) == agent_todo::commit);
  REQUIRE(agent.machine.failure());
  CHECK(!agent.machine.resumed(generation));
}

TEST_CASE("Steps come before the state, and one that fails fails the message") {
  const bool second_works = GENERATE(true, false);
  desk agent;
  agent.load().arrive(letter());
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  const auto generation = agent.machine.generation();
  agent.machine.turn_ended(std::nullopt, 2);
  CHECK(agent.machine.next(agent.now) == agent_todo::prepare);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.prepared(generation + 1, broken);  // of another message
  agent.machine.prepared(generation, std::nullopt);
  CHECK(agent.machine.next(agent.now) == agent_todo::prepare);
  agent.machine.prepared(generation, second_works ? std::optional<error>{} : broken);
  CHECK(agent.machine.next(agent.now) == agent_todo::commit);
  CHECK(agent.machine.failure().has_value() != second_works);
}

TEST_CASE("A durable message is handled once it is in the log, and its place is used again") {
  desk agent{{}, true};
  agent.load();
  CHECK(!agent.arrive(registered("a")).refused);
  CHECK(!agent.arrive(letter("b")).refused);
  auto orders = agent.machine.take_log_orders();
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].number == 1);
  CHECK(orders[0].slot == 0);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.log_written(1, true);
  CHECK(agent.machine.durable_waiting() == 1);
  CHECK(agent.handle() == "a");
  CHECK(agent.machine.durable_waiting() == 0);
  CHECK(agent.machine.handled_number() == 1);
  agent.arrive(registered("c"));
  orders = agent.machine.take_log_orders();
  CHECK(orders.at(0).number == 2);
  CHECK(orders.at(0).slot == 0);
  agent.machine.log_written(2, false);  // could not be written
  CHECK(agent.machine.durable_waiting() == 0);
  CHECK(agent.handle() == "b");
  CHECK(agent.handle() == std::nullopt);
}

TEST_CASE("Durable messages need a store") {
  desk agent;
  const auto refused = agent.load().arrive(registered()).refused;
  REQUIRE(refused);
  CHECK(refused->code() == errc::no_store);
}

TEST_CASE("What is found in the log comes first, and new messages take other places") {
  desk agent{{}, true};
  agent.arrive(registered("new"));
  CHECK(agent.machine.take_log_orders().empty());
  auto old = registered("old");
  old.logged = true;
  old.number = 7;
  old.slot = 1;
  std::vector<agent_mail> found{old};
  agent.machine.loaded(6, std::move(found), agent.now);
  const auto orders = agent.machine.take_log_orders();
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].number == 8);
  CHECK(orders[0].slot == 0);
  CHECK(agent.handle() == "old");
  CHECK(agent.machine.handled_number() == 7);
}

TEST_CASE("An idle agent leaves when its time is over and nothing is unwritten") {
  desk agent{{.idle = milliseconds{1000}}, true};
  agent.load();
  CHECK(agent.machine.sleeps_at() == agent.now + milliseconds{1000});
  CHECK(!agent.machine.leave(agent.now));
  agent.arrive(letter());
  CHECK(!agent.machine.sleeps_at());
  agent.now += milliseconds{500};
  CHECK(agent.handle());
  agent.now += milliseconds{999};
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.now += milliseconds{1};
  agent.machine.wrote();
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.written();
  CHECK(agent.machine.next(agent.now) == agent_todo::leave);
  agent.arrive(letter("just in time"));
  CHECK(!agent.machine.leave(agent.now));
  CHECK(agent.handle() == "just in time");
  agent.now += milliseconds{1000};
  CHECK(agent.machine.leave(agent.now));
  CHECK(agent.arrive(letter()).gone);
}

TEST_CASE("A message that starts over waits for nothing that it asked before") {
  desk agent;
  agent.load();
  agent.arrive(letter());
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  agent.machine.opened();
  agent.machine.opened();
  const auto before = agent.machine.generation();
  CHECK(agent.machine.resumed(before));
  agent.machine.start_over();
  CHECK(agent.machine.open() == 0);
  CHECK(!agent.machine.resumed(before));
  agent.machine.opened();
  agent.machine.turn_ended({}, 0);
  CHECK(agent.machine.phase() == agent_phase::waiting);
  CHECK(agent.machine.resumed(agent.machine.generation()));
}

TEST_CASE("An agent with idle zero never leaves") {
  desk agent{{.idle = milliseconds{0}}};
  agent.load();
  CHECK(!agent.machine.sleeps_at());
  agent.now += std::chrono::hours{1000};
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
}

TEST_CASE("Failures above the intensity stop the agent, and it refuses with the reason") {
  desk agent{{.intensity = 2, .period = milliseconds{1000}}};
  agent.load();
  for (int i = 0; i < 4; ++i) agent.arrive(letter());
  CHECK(agent.handle(broken));
  CHECK(agent.handle(broken));
  CHECK(agent.verdict == agent_on_failure::keep);
  CHECK(agent.handle(broken));
  CHECK(agent.verdict == agent_on_failure::stop);
  CHECK(agent.machine.take_refused().size() == 1);
  const auto refused = agent.arrive(letter()).refused;
  REQUIRE(refused);
  CHECK(refused->code() == errc::agent_stopped);
  CHECK(refused->message().find("broken") != std::string::npos);
  CHECK(agent.machine.next(agent.now) == agent_todo::end);
  CHECK(agent.machine.phase() == agent_phase::stopped);
  CHECK(agent.machine.revive());
  CHECK(agent.arrive(letter()).gone);
}

TEST_CASE("Failures apart from each other do not stop it, and rejections never count") {
  desk agent{{.intensity = 1, .period = milliseconds{1000}}};
  agent.load();
  for (int i = 0; i < 5; ++i) {
    agent.arrive(letter());
    CHECK(agent.handle(broken));
    CHECK(agent.verdict == agent_on_failure::keep);
    agent.now += milliseconds{1001};
  }
  CHECK(agent.machine.failed() == 5);
  for (int i = 0; i < 5; ++i) {
    agent.arrive(letter());
    REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
    static_cast<void>(agent.machine.take());
    agent.machine.turn_ended(broken, 0);
    REQUIRE(agent.machine.next(agent.now) == agent_todo::commit);
    agent.machine.committed(false);
    REQUIRE(agent.machine.next(agent.now) == agent_todo::release);
    CHECK(agent.machine.released(agent.now, false) == agent_on_failure::keep);
  }
  CHECK(agent.machine.failed() == 5);
}

TEST_CASE("Stopping fails what waits and leaves a durable message unhandled") {
  desk agent{{}, true};
  agent.load().arrive(registered());
  agent.machine.log_written(agent.machine.take_log_orders().at(0).number, true);
  agent.arrive(letter("waits"));
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  agent.machine.opened();
  agent.machine.turn_ended(std::nullopt, 0);
  agent.machine.stop({errc::agent_stopped, "enough"});
  CHECK(agent.machine.take_refused().size() == 1);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::commit);
  CHECK(agent.machine.interrupted());
  REQUIRE(agent.machine.failure());
  agent.machine.committed(false);
  CHECK(agent.machine.handled_number() == 0);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::release);
  CHECK(agent.machine.released(agent.now, true) == agent_on_failure::keep);
  CHECK(agent.machine.next(agent.now) == agent_todo::end);
}

TEST_CASE("What fails because something shuts down is not handled, and stops the agent") {
  desk agent{{}, true};
  agent.load().arrive(registered("a"));
  agent.arrive(registered("b"));
  for (auto& one : agent.machine.take_log_orders()) agent.machine.log_written(one.number, true);
  CHECK(agent.handle(error{errc::shutting_down, "the executor ends"}) == "a");
  CHECK(agent.machine.handled_number() == 0);
  CHECK(agent.machine.take_refused().size() == 1);  // "b" must not overtake it
  CHECK(agent.machine.next(agent.now) == agent_todo::end);
}

TEST_CASE("A message that is being prepared is finished before its agent stops") {
  desk agent{{}, true};
  agent.load().arrive(registered());
  agent.machine.log_written(agent.machine.take_log_orders().at(0).number, true);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  const auto generation = agent.machine.generation();
  agent.machine.turn_ended(std::nullopt, 2);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::prepare);
  agent.machine.stop({errc::agent_stopped, "enough"});
  const bool works = GENERATE(true, false);
  agent.machine.prepared(generation, std::nullopt);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::prepare);
  agent.machine.prepared(generation, works ? std::optional<error>{} : broken);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::commit);
  agent.machine.committed(false);
  CHECK(agent.machine.handled_number() == (works ? 1U : 0U));
}

TEST_CASE("A store that fails stops the agent; the message that waits for it fails") {
  desk agent{{.saving = agent_saving::sync}, true};
  agent.load().arrive(letter());
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  agent.machine.turn_ended(std::nullopt, 0);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::commit);
  agent.machine.wrote();
  agent.machine.committed(true);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.written();
  agent.machine.store_failed({errc::store_full, "disk full"});
  REQUIRE(agent.machine.next(agent.now) == agent_todo::release);
  CHECK(agent.machine.failure()->code() == errc::store_full);
  static_cast<void>(agent.machine.released(agent.now, true));
  CHECK(agent.machine.next(agent.now) == agent_todo::end);
  CHECK(agent.machine.stopping()->message().find("disk full") != std::string::npos);
}

TEST_CASE("A write that ends during another message's commit does not commit it") {
  desk agent{{}, true};
  agent.load().arrive(letter());
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  agent.machine.turn_ended(std::nullopt, 0);
  agent.machine.saved();
  CHECK(agent.machine.phase() == agent_phase::saving);
  CHECK(agent.machine.next(agent.now) == agent_todo::commit);
}

TEST_CASE("A stop before the state is there takes effect when it is") {
  desk agent;
  agent.arrive(letter());
  agent.machine.stop({errc::shutting_down, "end"});
  CHECK(agent.machine.take_refused().size() == 1);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.load();
  CHECK(agent.machine.next(agent.now) == agent_todo::end);
}

TEST_CASE("What would stop a supervised agent for its failures is left to its supervisor") {
  const auto [how, intensity, expected] =
      GENERATE(table<agent_on_failure, int, std::vector<agent_on_failure>>({
          {agent_on_failure::escalate, 5, {agent_on_failure::escalate, agent_on_failure::escalate}},
          {agent_on_failure::keep, 1, {agent_on_failure::keep, agent_on_failure::escalate}},
          {agent_on_failure::reset, 1, {agent_on_failure::reset, agent_on_failure::escalate}},
          {agent_on_failure::stop, 5, {agent_on_failure::stop}},
      }));
  desk agent{{.on_failure = how, .intensity = intensity}, false, true};
  agent.load();
  for (const auto verdict : expected) {
    agent.arrive(letter());
    CHECK(agent.handle(broken));
    CHECK(agent.verdict == verdict);
  }
  CHECK(agent.machine.stopping().has_value() == (how == agent_on_failure::stop));
}

TEST_CASE(
    "An agent that is held begins nothing before it has its initial state; what waits stays") {
  desk agent{{.intensity = 0}, false, true};
  agent.load();
  agent.arrive(letter("a"));
  agent.machine.hold(other_broke);
  agent.arrive(letter("b"));
  CHECK(agent.machine.restarting());
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.let_go();
  CHECK(!agent.machine.leave(agent.now + std::chrono::hours{1}));
  CHECK(agent.machine.next(agent.now) == agent_todo::restart);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.restarted(agent.now, false);
  CHECK(!agent.machine.restarting());
  CHECK(agent.handle() == "a");
  CHECK(agent.handle() == "b");
}

TEST_CASE("The message at work of a held agent fails when it waits; its failure does not count") {
  desk agent{{.on_failure = agent_on_failure::escalate}, true, true};
  agent.load().arrive(registered());
  agent.machine.log_written(agent.machine.take_log_orders().at(0).number, true);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  const bool early = GENERATE(true, false);
  if (early) agent.machine.hold(other_broke);
  agent.machine.opened();
  agent.machine.turn_ended(std::nullopt, 0);
  if (!early) agent.machine.hold(other_broke);
  agent.machine.let_go();
  REQUIRE(agent.machine.next(agent.now) == agent_todo::commit);
  CHECK(agent.machine.failure()->code() == errc::agent_restarted);
  CHECK(!agent.machine.interrupted());
  agent.machine.committed(false);
  CHECK(agent.machine.handled_number() == 1);  // it is not tried again
  REQUIRE(agent.machine.next(agent.now) == agent_todo::release);
  CHECK(agent.machine.released(agent.now, true) == agent_on_failure::keep);
  CHECK(agent.machine.next(agent.now) == agent_todo::restart);
}

TEST_CASE("A message that is about to be done is done before its agent restarts") {
  desk agent{{}, false, true};
  agent.load().arrive(letter());
  REQUIRE(agent.machine.next(agent.now) == agent_todo::begin);
  static_cast<void>(agent.machine.take());
  agent.machine.hold(other_broke);
  agent.machine.let_go();
  agent.machine.turn_ended(std::nullopt, 0);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::commit);
  CHECK(!agent.machine.failure());
  agent.machine.committed(false);
  REQUIRE(agent.machine.next(agent.now) == agent_todo::release);
  CHECK(agent.machine.released(agent.now, false) == agent_on_failure::keep);
  CHECK(agent.machine.next(agent.now) == agent_todo::restart);
}

TEST_CASE("A restart lets the failures of an agent count anew") {
  desk agent{{.intensity = 1, .period = milliseconds{1000}}, false, true};
  agent.load();
  for (int i = 0; i < 3; ++i) {
    agent.arrive(letter());
    CHECK(agent.handle(broken));
    CHECK(agent.verdict == agent_on_failure::keep);
    agent.machine.hold(other_broke);
    agent.machine.let_go();
    CHECK(agent.machine.next(agent.now) == agent_todo::restart);
    agent.machine.restarted(agent.now, false);
  }
}

TEST_CASE("An agent held while its state is on its way restarts when it is there") {
  desk agent;
  agent.machine.hold(other_broke);
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.load();
  CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  agent.machine.let_go();
  CHECK(agent.machine.next(agent.now) == agent_todo::restart);
}

TEST_CASE("An agent woken to be restarted leaves at once, unless a message came") {
  const auto idle = GENERATE(milliseconds{0}, milliseconds{1000});
  const bool came = GENERATE(false, true);
  desk agent{{.idle = idle}};
  agent.machine.hold(other_broke);
  agent.load();
  if (came) agent.arrive(letter("x"));
  agent.machine.let_go();
  REQUIRE(agent.machine.next(agent.now) == agent_todo::restart);
  agent.machine.restarted(agent.now, true);
  if (came) {
    CHECK(agent.handle() == "x");
    CHECK(agent.machine.next(agent.now) == agent_todo::nothing);
  } else {
    CHECK(agent.machine.next(agent.now) == agent_todo::leave);
    CHECK(agent.machine.leave(agent.now));
  }
}

TEST_CASE("A stop counts more than a restart") {
  desk agent;
  agent.load().arrive(letter());
  const bool stop_first = GENERATE(true, false);
  if (stop_first) agent.machine.stop({errc::agent_stopped, "enough"});
  agent.machine.hold(other_broke);
  if (!stop_first) agent.machine.stop({errc::agent_stopped, "enough"});
  agent.machine.let_go();
  CHECK(agent.machine.take_refused().size() == 1);
  CHECK(agent.machine.next(agent.now) == agent_todo::end);
}

TEST_CASE("Whatever happens, accepted messages are handled once or given back") {
  const char* given = std::getenv("MCP_TEST_SEED");
  const std::uint64_t first = given != nullptr ? std::stoull(given) : 1;
  for (auto seed = first; seed < (given != nullptr ? first + 1 : first + 500); ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    std::mt19937_64 chance{seed};
    desk agent{{.mailbox = 5, .idle = milliseconds{10}}, true};
    agent.load();
    int accepted = 0;
    int given_back = 0;
    int handled = 0;
    std::vector<std::uint64_t> unlogged;
    bool gone = false;
    for (int step = 0; step < 200 && !gone; ++step) {
      switch (chance() % 6) {
        case 0:
          accepted += agent.arrive(letter()).refused ? 0 : 1;
          break;
        case 1:
          accepted += agent.arrive(registered()).refused ? 0 : 1;
          for (auto& one : agent.machine.take_log_orders()) unlogged.push_back(one.number);
          break;
        case 2:
          if (unlogged.empty()) break;
          agent.machine.log_written(unlogged.front(), true);
          unlogged.erase(unlogged.begin());
          break;
        case 3:
          handled += agent.handle() ? 1 : 0;
          break;
        case 4:
          agent.now += milliseconds{chance() % 12};
          break;
        case 5:
          gone = agent.machine.leave(agent.now);
          if (gone) REQUIRE(accepted == handled);
          break;
      }
    }
    if (gone) continue;
    agent.machine.stop({errc::agent_stopped, "end"});
    given_back = static_cast<int>(agent.machine.take_refused().size());
    REQUIRE(accepted == handled + given_back);
  }
}

}  // namespace mcp::core
