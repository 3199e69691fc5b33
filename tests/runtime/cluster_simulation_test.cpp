// Servers that share a database and hundreds of workers, in virtual time, while all of them die,
// freeze, are cut off and are replaced by their next version. The machines are the real ones:
// links, membership, placement, states that travel once, lease rules; docs/cluster.md tells what
// is played.
#include "runtime/simulation/worker.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <iostream>

using namespace mcp::simulation;
using namespace std::chrono_literals;

namespace {

#ifdef MCP_TEST_SANITIZED
constexpr unsigned troubled_worlds = 1;
constexpr unsigned dying_worlds = 2;
constexpr unsigned calm_worlds = 3;
constexpr std::size_t simulated_workers = 60;
#else
constexpr unsigned troubled_worlds = 3;
constexpr unsigned dying_worlds = 8;
constexpr unsigned calm_worlds = 20;
constexpr std::size_t simulated_workers = 200;
#endif
constexpr std::size_t simulated_servers = 4;
constexpr std::size_t frames_besides_data = 24;       ///< acks and the hello, on their way
constexpr std::size_t most_behind = 12 * most_slots;  ///< messages of as many tasks
constexpr instant under_fire = 60s;
constexpr instant until_all_is_done = 90s;  ///< of quiet time

class simulated_cluster {
 public:
  explicit simulated_cluster(unsigned seed, std::size_t workers = simulated_workers)
      : world_(seed) {
    std::vector<server*> all;
    for (std::size_t i = 0; i < simulated_servers; ++i) {
      auto& one = *servers_.emplace_back(
          std::make_unique<server>(world_, 1 + i, store_, "s" + std::to_string(i)));
      drift(one);
      one.start();
      all.push_back(&one);
    }
    for (std::size_t i = 0; i < workers; ++i) {
      auto& one = *workers_.emplace_back(std::make_unique<worker>(
          world_, 1 + simulated_servers + i, all, "w" + std::to_string(i), effects_, store_));
      drift(one);
      one.start();
    }
  }

  world& around() { return world_; }
  database& store() { return store_; }
  server& any_server() { return *servers_[world_.below(simulated_servers)]; }
  worker& any_worker() { return *workers_[world_.below(static_cast<unsigned>(workers_.size()))]; }
  std::vector<std::unique_ptr<server>>& servers() { return servers_; }
  std::vector<std::unique_ptr<worker>>& workers() { return workers_; }

  /// Runs that come all the time, to servers that take them.
  void load(instant every, instant until) {
    world_.after(every, [this, every, until] {
      if (world_.now() > until) return;
      const int run = ++last_run_;
      if (any_server().submit(run, [this] { ++accepted_; })) ++submitted_;
      load(every, until);
    });
  }
  void run_until_done(instant within) {
    const bool done = world_.run(world_.now() + within, [this] {
      return store_.open_runs() == 0 || !store_.violations().empty();
    });
    CHECK(done);
  }
  /// What has to be true at any time, and at the end.
  void check() {
    for (const auto& one : store_.violations()) FAIL_CHECK(one);
    for (const auto& [run, row] : store_.runs()) {
      if (!row.done) FAIL_CHECK("run " << run << " has not ended, at step " << row.step);
    }
    std::size_t expected = 0;
    for (const auto& [run, row] : store_.runs()) {
      for (int step = 0; step < plan::steps; ++step) {
        expected += static_cast<std::size_t>(plan::tasks(run, step));
      }
    }
    CHECK(store_.effects().size() == expected);
    CHECK(store_.runs().size() >= accepted_);
    for (const auto& one : servers_) CHECK(one->most_behind() <= most_behind);
    for (const auto& one : workers_) {
      CHECK(one->most_under_way() <= small_link.window + frames_besides_data);
    }
  }
  [[nodiscard]] std::string report() const {
    std::size_t twice = 0;
    std::size_t lost = 0;
    for (const auto& [key, times] : effects_) twice += times > 1 ? 1 : 0;
    std::size_t behind = 0;
    for (const auto& one : servers_) {
      lost += one->leases_lost();
      behind = std::max(behind, one->most_behind());
    }
    return std::to_string(world_.events()) + " events, " + std::to_string(store_.runs().size()) +
           " runs, " + std::to_string(store_.effects().size()) + " effects (" +
           std::to_string(twice) + " begun twice), " + std::to_string(store_.batches()) +
           " batches, " + std::to_string(store_.fenced()) + " fenced, " +
           std::to_string(store_.taken_over()) + " servers taken for dead, " +
           std::to_string(lost) + " leases lost, at most " + std::to_string(behind) +
           " messages behind";
  }

 private:
  void drift(process& one) {
    one.set_clock(std::chrono::minutes{world_.below(60)}, 990 + static_cast<int>(world_.below(21)));
  }

  world world_;
  database store_{world_, 0};
  outside effects_;
  std::vector<std::unique_ptr<server>> servers_;
  std::vector<std::unique_ptr<worker>> workers_;
  int last_run_ = 0;
  std::size_t submitted_ = 0;
  std::size_t accepted_ = 0;
};

/// Does one thing to the cluster, and undoes it later.
class trouble {
 public:
  explicit trouble(simulated_cluster& on) : on_(on), world_(on.around()) {}

  void go_on(instant until) {
    world_.after(world_.between(200ms, 1500ms), [this, until] {
      if (world_.now() > until) return;
      once();
      go_on(until);
    });
  }
  void upgrade() {
    instant when = 5s;
    for (auto& one : on_.workers()) {
      world_.after(when += 150ms, [&one] {
        if (one->alive() && !one->frozen()) one->upgrade(2);
        one->speak(2);
      });
    }
    for (auto& one : on_.servers()) {
      world_.after(when += 3s, [this, &one] {
        one->speak(2);
        if (!one->serves() || one->frozen()) return;
        one->leave();
        start_later(*one, 500ms);
      });
    }
  }

 private:
  void start_later(process& one, instant in) {
    world_.after(in, [&one] {
      if (!one.alive()) one.start();
    });
  }
  void kill(process& one) {
    one.kill();
    start_later(one, world_.between(200ms, 4s));
  }
  void freeze(process& one) {
    if (!one.alive()) return;
    one.freeze();
    world_.after(world_.between(500ms, 9s), [&one] { one.thaw(); });
  }
  /// Both ways, or one of them.
  void cut(host a, host b) {
    const auto ways = world_.below(3);
    if (ways != 0) world_.cut(a, b);
    if (ways != 1) world_.cut(b, a);
    world_.after(world_.between(100ms, 9s), [this, a, b] {
      world_.mend(a, b);
      world_.mend(b, a);
    });
  }
  void split() {
    for (auto& one : on_.workers()) {
      if (world_.one_in(2)) continue;
      for (auto& other : on_.servers()) {
        if (world_.one_in(2)) cut(one->on(), other->on());
      }
    }
  }
  void once() {
    auto& store = on_.store();
    switch (world_.below(11)) {
      case 0:
        return kill(on_.any_server());
      case 1:
        return freeze(on_.any_server());
      case 2:
        return cut(on_.any_server().on(), store.on());
      case 3:
        return store.stall(world_.between(100ms, 6s));
      case 4:
        store.stop();
        return world_.after(world_.between(300ms, 3s), [&store] { store.go_on(); });
      case 5:
        return store.slow_down(world_.one_in(2) ? 1ms : world_.between(10ms, 150ms));
      case 6:
        if (world_.one_in(4)) split();
        return;
      case 7:
        for (int i = 0; i < 10; ++i) kill(on_.any_worker());
        return;
      case 8:
        for (int i = 0; i < 10; ++i) freeze(on_.any_worker());
        return;
      default:
        for (int i = 0; i < 5; ++i) cut(on_.any_worker().on(), on_.any_server().on());
    }
  }

  simulated_cluster& on_;
  world& world_;
};

void play_trouble(unsigned seed) {
  simulated_cluster cluster{seed};
  cluster.around().run(2s);
  trouble faults{cluster};
  faults.go_on(under_fire);
  faults.upgrade();
  cluster.load(80ms, under_fire);
  cluster.around().run(under_fire + 10s);
  cluster.store().slow_down(1ms);  // and with that the last fault is over
  cluster.run_until_done(until_all_is_done);
  cluster.check();
  std::cout << "seed " << seed << ": " << cluster.report() << '\n';
}

/// One world for each seed, or for the one that was asked for.
void in_worlds(unsigned usually, const std::function<void(unsigned)>& play) {
  const auto number = [](const char* variable) {
    const char* given = std::getenv(variable);
    return given == nullptr ? 0U : static_cast<unsigned>(std::atol(given));
  };
  if (const auto seed = number("MCP_TEST_SEED")) return play(seed);
  const auto asked = number("MCP_TEST_WORLDS");
  for (unsigned seed = 1; seed <= (asked != 0 ? asked : usually); ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    play(seed);
  }
}

}  // namespace

TEST_CASE("Whatever happens to a cluster, each run ends once and right", "[simulation]") {
  in_worlds(troubled_worlds, play_trouble);
}

TEST_CASE("A dead server's runs are in other hands within the lease and a sixth", "[simulation]") {
  in_worlds(dying_worlds, [](unsigned seed) {
    simulated_cluster cluster{seed, 20};
    cluster.load(50ms, 8s);
    auto& world = cluster.around();
    world.run(6s + world.between(0ms, 2s));
    if (world.one_in(2)) cluster.store().slow_down(40ms);
    auto& victim = cluster.any_server();
    const auto id = victim.id();
    REQUIRE(cluster.store().claims_of(id) > 0);
    if (world.one_in(2)) {
      victim.kill();
    } else {
      world.run(world.now() + 2s, [&] { return cluster.store().holds_half_a_batch(id); });
      victim.freeze();
    }
    const auto died = world.now();
    CHECK(world.run(died + 30s, [&] { return !cluster.store().has_server(id); }));
    // Clocks go up to a hundredth wrong.
    CHECK(world.now() - died <= (lease + lease / 6) * 101 / 100 + 250ms);
    if (victim.frozen()) victim.thaw();
    if (!victim.alive()) victim.start();
    cluster.run_until_done(60s);
    cluster.check();
  });
}

TEST_CASE("Nobody is taken for dead because the database was away", "[simulation]") {
  in_worlds(calm_worlds, [](unsigned seed) {
    simulated_cluster cluster{seed, 5};
    auto& world = cluster.around();
    cluster.load(500ms, 60s);
    cluster.store().slow_down(world.between(0ms, 300ms));
    for (int i = 0; i < 5; ++i) {
      world.run(world.now() + 6s + world.between(0ms, 1s));
      if (world.one_in(3)) {
        cluster.store().stop();
        world.run(world.now() + world.between(100ms, 8s));
        cluster.store().go_on();
      } else {
        cluster.store().stall(world.below(4) != 0 ? world.between(3s, 4s)
                                                  : world.between(100ms, 8s));
      }
    }
    world.run(world.now() + 10s);
    CHECK(cluster.store().taken_over() == 0);
    cluster.run_until_done(60s);
    cluster.check();
  });
}
