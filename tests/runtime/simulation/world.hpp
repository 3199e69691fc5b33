#pragma once

#include "delivery/instant.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// A cluster in virtual time: a clock, a network and processes that die, freeze and drift. What
/// happens follows from the seed alone.
namespace mcp::simulation {

using cluster::instant;
using std::chrono::milliseconds;
using host = std::size_t;

class world {
 public:
  explicit world(unsigned seed) : chance_(seed) {}
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  [[nodiscard]] instant now() const noexcept { return now_; }
  void after(instant delay, std::function<void()> what);
  /// Until `end`, or until `ready` says so. True: it did.
  bool run(instant end, const std::function<bool()>& ready = {});
  [[nodiscard]] std::size_t events() const noexcept { return done_; }

  [[nodiscard]] unsigned below(unsigned most) { return static_cast<unsigned>(chance_() % most); }
  [[nodiscard]] bool one_in(unsigned many) { return below(many) == 0; }
  [[nodiscard]] milliseconds between(milliseconds least, milliseconds most);

  /// Packets from one host to another vanish from now on, and are repeated until they no longer do.
  void cut(host from, host to) { cuts_.emplace(from, to); }
  void mend(host from, host to) { cuts_.erase({from, to}); }
  [[nodiscard]] bool reaches(host from, host to) const { return !cuts_.contains({from, to}); }
  [[nodiscard]] instant latency();

 private:
  struct event {
    instant when{0};
    std::uint64_t order = 0;
    std::function<void()> what{};
    bool operator<(const event& other) const {
      return std::tie(other.when, other.order) < std::tie(when, order);
    }
  };

  std::mt19937 chance_;
  instant now_{0};
  std::uint64_t last_ = 0;
  std::size_t done_ = 0;
  std::priority_queue<event> events_;
  std::set<std::pair<host, host>> cuts_;
};

/// What can be killed, started again, and frozen: then nothing happens in it, and all of it later.
class process {
 public:
  process(world& around, host on) : world_(around), on_(on) {}
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  virtual ~process() = default;

  void start();
  void kill();
  void freeze() { frozen_ = true; }
  void thaw();

  [[nodiscard]] bool alive() const noexcept { return alive_; }
  [[nodiscard]] bool frozen() const noexcept { return frozen_; }
  [[nodiscard]] std::uint64_t life() const noexcept { return life_; }
  [[nodiscard]] host on() const noexcept { return on_; }
  /// Its steady clock: apart from others', and a little too fast or too slow.
  [[nodiscard]] instant clock() const { return offset_ + world_.now() * rate_ / 1'000; }
  void set_clock(instant offset, int per_mille) {
    offset_ = offset;
    rate_ = per_mille;
  }
  /// In this life, once it is not frozen.
  void reach(std::uint64_t life, std::function<void()> what);
  /// In this life, after so long on its clock.
  void later(instant delay, std::function<void()> what);

 protected:
  virtual void started() = 0;
  virtual void killed() = 0;

  world& world_;

 private:
  host on_;
  bool alive_ = false;
  bool frozen_ = false;
  std::uint64_t life_ = 0;
  instant offset_{0};
  int rate_ = 1'000;  ///< of a thousand
  std::deque<std::function<void()>> held_;
};

/// A connection: frames in order and without a gap, until it breaks.
class connection : public std::enable_shared_from_this<connection> {
 public:
  struct end {
    process* owner = nullptr;
    std::uint64_t life = 0;
    std::function<void(const std::string&)> frame{};
    std::function<void()> closed{};
  };

  explicit connection(world& around) : world_(around) {}
  /// Both ends, before anything is sent.
  void bind(std::size_t at, end what) { ends_.at(at) = std::move(what); }
  void send(std::size_t from, std::string frame);
  /// The other end learns of it, behind all that was sent.
  void close(std::size_t from);
  /// The most frames that were under way at once, in one direction.
  [[nodiscard]] std::size_t most_under_way() const noexcept { return most_; }

 private:
  struct packet {
    instant due{0};
    std::string frame{};
    bool closes = false;
  };
  struct lane {
    std::deque<packet> packets{};
    bool busy = false;
  };
  void push(std::size_t from, packet what);
  void flush(std::size_t from, instant in);
  void arrived(std::size_t at, packet what);

  world& world_;
  std::array<end, 2> ends_{};
  std::array<lane, 2> lanes_{};
  std::array<bool, 2> closed_{};
  std::size_t most_ = 0;
};

}  // namespace mcp::simulation
