// A process that dies in a write leaves a store as it was before the write or after it.

#include "store/child_process.hpp"
#include "store/conformance.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <ctime>

#include <unistd.h>

namespace mcp::test {
namespace {

using step = std::function<void(checkpoint_store&)>;

step writes(std::vector<store_write> batch) {
  return [batch = std::move(batch)](checkpoint_store& store) { store.write(batch); };
}

/// The life of a thread, with every kind of write that the port has.
std::vector<step> life_of_a_thread() {
  std::vector<step> steps;
  steps.push_back(writes({run("r", "t"), snapshot("t", 1, 0, {1})}));
  steps.push_back(writes({set_run_status{"r", run_status::running, {}, at(2000)}}));
  for (std::uint64_t id = 2; id <= 6; ++id) {
    const auto last = std::to_string(id - 1);
    steps.push_back(writes({journal("t", id - 1, journal_kind::effect, "e" + last),
                            journal("t", id - 1, journal_kind::task, "a" + last),
                            journal("t", id - 1, journal_kind::task, "b" + last)}));
    steps.push_back(writes(
        {checkpoint("t", id, id - 1), checkpoint("t", id + 100, id == 2 ? 0 : id + 99, "n:t")}));
  }
  steps.push_back(writes({snapshot("t", 7, 6, {1, 2, 3, 4, 5, 6, 7}),
                          journal("t", 7, journal_kind::interrupt, "q"),
                          set_run_status{"r", run_status::interrupted, {}, at(3000)}}));
  steps.push_back([](auto& store) { store.copy_thread("t", "copy"); });
  steps.push_back(writes({journal("t", 7, journal_kind::answer, "q"), checkpoint("t", 8, 7),
                          set_run_status{"r", run_status::done, {}, at(4000)}}));
  steps.push_back([](auto& store) { store.prune("t", 2); });
  steps.push_back([](auto& store) { store.expire_thread("copy", at(5000)); });
  steps.push_back([](auto& store) { (void)store.sweep({.now = at(6000)}); });
  steps.push_back([](auto& store) { store.delete_thread("t"); });
  return steps;
}

/// Has the system kill this process after `delay`, whatever it is doing then.
void die_after(std::chrono::microseconds delay) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  REQUIRE(::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  itimerspec when{};
  when.it_value.tv_nsec = std::chrono::nanoseconds{delay}.count();
  REQUIRE(::timer_settime(timer, 0, &when, nullptr) == 0);
}

/// Takes the steps up to `fatal` in a process that dies in that one, or right after. True when the
/// process was told that the fatal step had been taken.
bool die_in(store_under_test& under_test, const std::vector<step>& steps, std::size_t fatal,
            std::chrono::microseconds delay) {
  std::array<int, 2> told{};
  REQUIRE(::pipe(told.data()) == 0);
  under_test.store.reset();
  const auto code = in_child([&]() -> int {
    under_test.reopen(under_test);
    for (std::size_t i = 0; i < fatal; ++i) steps[i](*under_test.store);
    die_after(delay);
    steps[fatal](*under_test.store);
    if (::write(told[1], "!", 1) != 1) return 1;
    for (;;) ::pause();
  });
  CHECK(code == -1);
  ::close(told[1]);
  char byte = 0;
  const auto answered = ::read(told[0], &byte, 1) == 1;
  ::close(told[0]);
  under_test.reopen(under_test);
  return answered;
}

/// What the store holds after each number of steps.
std::vector<std::string> states_of(const store_factory& factory, const std::vector<step>& steps) {
  const auto under_test = factory();
  std::vector<std::string> states{dump(*under_test.store)};
  for (const auto& one : steps) {
    one(*under_test.store);
    states.push_back(dump(*under_test.store));
  }
  return states;
}

}  // namespace

void check_deaths(const store_factory& factory) {
  SECTION("A process that dies in a write leaves all of it or nothing, and all that was answered") {
    if (!factory().reopen) return;
    const auto steps = life_of_a_thread();
    const auto states = states_of(factory, steps);
    int answered = 0;
    int lost = 0;
    for (std::size_t fatal = 0; fatal < steps.size(); ++fatal) {
      // From a death before the write to one after it: most writes take some of the middle ones.
      for (const int after : {1, 20, 40, 60, 80, 120, 200, 400, 1'000, 20'000}) {
        INFO("killed in step " << fatal << " of " << steps.size() << " after " << after << " us");
        auto under_test = factory();
        const bool told = die_in(under_test, steps, fatal, std::chrono::microseconds{after});
        const auto left = dump(*under_test.store);
        const bool all = left == states[fatal + 1];
        CHECK((all || (!told && left == states[fatal])));
        answered += told ? 1 : 0;
        lost += all ? 0 : 1;
        // The next process takes up what was not taken, and ends as if nothing had happened.
        for (auto next = fatal + (all ? 1 : 0); next < steps.size(); ++next) {
          steps[next](*under_test.store);
        }
        // A sweep leaves alone what a process that died in its own sweep has claimed, as long as
        // its lease lasts.
        static_cast<void>(under_test.store->delete_thread("copy"));
        CHECK(dump(*under_test.store) == states.back());
      }
    }
    CHECK(answered > 0);
    CHECK(lost > 0);
  }
}

}  // namespace mcp::test
