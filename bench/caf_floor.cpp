#include "floors.hpp"
#include "gate.hpp"

#include <array>
#include <deque>
#include <string>
#include <utility>

#include <caf/all.hpp>

namespace bench {

// What a message points to: its size is that of a small task.
struct body : caf::ref_counted {
  std::uint64_t number = 0;
};

struct parcel {
  caf::intrusive_ptr<body> content;
};

}  // namespace bench

// Numbers apart from those of the library, which may be in the same program.
CAF_BEGIN_TYPE_ID_BLOCK(bench_floor, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(bench_floor, (bench::parcel))
CAF_END_TYPE_ID_BLOCK(bench_floor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bench::parcel)

namespace bench {
namespace {

// An actor without the default handlers that print.
class quiet_actor : public caf::event_based_actor {
 public:
  explicit quiet_actor(caf::actor_config& config) : event_based_actor(config) {
    set_default_handler(caf::drop);
    set_down_handler([](caf::down_msg&) {});
  }

 protected:
  void answer(parcel& message) {
    send(caf::actor_cast<caf::actor>(current_sender()), std::move(message));
  }
};

class echo_actor : public quiet_actor {
 public:
  using quiet_actor::quiet_actor;
  caf::behavior make_behavior() override {
    return {[this](parcel& message) { answer(message); }};
  }
};

class answer_once_actor : public quiet_actor {
 public:
  using quiet_actor::quiet_actor;
  caf::behavior make_behavior() override {
    return {[this](parcel& message) {
      answer(message);
      quit();
    }};
  }
};

using echoes = std::array<caf::actor, 3>;

// Makes a round trip with each of three actors, tells whoever waits, and quits.
class chain_actor : public quiet_actor {
 public:
  chain_actor(caf::actor_config& config, const echoes& targets, parcel message, gate* answered,
              caf::actor parent)
      : quiet_actor(config),
        targets_(targets),
        message_(std::move(message)),
        answered_(answered),
        parent_(std::move(parent)) {}

  caf::behavior make_behavior() override {
    send(targets_[0], std::move(message_));
    return {[this](parcel& message) { next(message); }};
  }

 private:
  void next(parcel& message) {
    ++trips_;
    if (trips_ < targets_.size()) {
      send(targets_[trips_], std::move(message));
      return;
    }
    if (parent_) send(parent_, std::move(message));
    if (answered_ != nullptr) answered_->open();
    quit();
  }

  const echoes& targets_;
  parcel message_;
  gate* answered_;
  caf::actor parent_;
  std::size_t trips_ = 0;
};

// Does one thing `count` times, each when the one before has answered, then opens a gate.
class driver_actor : public quiet_actor {
 public:
  driver_actor(caf::actor_config& config, gate& finished)
      : quiet_actor(config), finished_(finished) {}

  caf::behavior make_behavior() override {
    return {[this](std::uint64_t count) {
              left_ = count;
              step(parcel{caf::make_counted<body>()});
            },
            [this](parcel& message) {
              if (--left_ > 0) return step(std::move(message));
              finished_.open();
            }};
  }

 protected:
  virtual void step(parcel message) = 0;

 private:
  gate& finished_;
  std::uint64_t left_ = 0;
};

class round_trip_driver : public driver_actor {
 public:
  round_trip_driver(caf::actor_config& config, gate& finished, caf::actor target)
      : driver_actor(config, finished), target_(std::move(target)) {}

 protected:
  void step(parcel message) override { send(target_, std::move(message)); }

 private:
  caf::actor target_;
};

class spawn_driver : public driver_actor {
 public:
  using driver_actor::driver_actor;

 protected:
  void step(parcel message) override { send(spawn<answer_once_actor>(), std::move(message)); }
};

class chain_driver : public driver_actor {
 public:
  chain_driver(caf::actor_config& config, gate& finished, const echoes& targets)
      : driver_actor(config, finished), targets_(targets) {}

 protected:
  void step(parcel message) override {
    spawn<chain_actor>(targets_, std::move(message), nullptr, caf::actor(this));
  }

 private:
  const echoes& targets_;
};

// Runs on the calling thread the actors that its actors wake, instead of handing them to the
// scheduler's threads.
class lent_thread : public caf::execution_unit {
 public:
  lent_thread(caf::actor_system& system, std::size_t throughput)
      : execution_unit(&system), throughput_(throughput) {}

  void exec_later(caf::resumable* job) override { jobs_.push_back(job); }

  void run() {
    while (!jobs_.empty()) {
      caf::resumable* job = jobs_.front();
      jobs_.pop_front();
      if (job->resume(this, throughput_) == resumable_again) {
        jobs_.push_back(job);
      } else {
        intrusive_ptr_release(job);
      }
    }
  }

 private:
  static constexpr auto resumable_again = caf::resumable::resume_later;
  std::deque<caf::resumable*> jobs_;
  std::size_t throughput_;
};

struct floor_config : caf::actor_system_config {
  explicit floor_config(const caf_options& options) {
    set("scheduler.max-threads", options.threads);
    set("scheduler.max-throughput", options.throughput);
    set("scheduler.policy", caf::atom_from_string(options.policy));
  }
};

}  // namespace

struct caf_floor::parts {
  explicit parts(const caf_options& options)
      : config(options), system(config), lent(system, options.throughput) {
    for (caf::actor& target : targets) target = system.spawn<echo_actor>();
    round_trip = system.spawn<round_trip_driver>(std::ref(done), targets[0]);
    spawner = system.spawn<spawn_driver>(std::ref(done));
    chainer = system.spawn<chain_driver>(std::ref(done), std::cref(targets));
  }

  ~parts() {
    for (const caf::actor& one : {targets[0], targets[1], targets[2], round_trip, spawner, chainer})
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    system.await_all_actors_done();
  }

  void drive(const caf::actor& driver, std::uint64_t count) {
    caf::anon_send(driver, count);
    done.wait({});
  }

  void drive_here(const caf::actor& driver, std::uint64_t count) {
    const auto target = caf::actor_cast<caf::strong_actor_ptr>(driver);
    target->enqueue(nullptr, caf::make_message_id(), caf::make_message(count), &lent);
    lent.run();
    done.wait({});
  }

  floor_config config;
  caf::actor_system system;
  lent_thread lent;
  gate done;
  echoes targets;
  caf::actor round_trip, spawner, chainer;
};

caf_floor::caf_floor(const caf_options& options) : parts_(std::make_unique<parts>(options)) {}
caf_floor::~caf_floor() = default;

void caf_floor::round_trips(std::uint64_t count) {
  parts_->drive(parts_->round_trip, count);
}

void caf_floor::round_trips_lending_the_thread(std::uint64_t count) {
  parts_->drive_here(parts_->round_trip, count);
}

void caf_floor::spawns(std::uint64_t count) {
  parts_->drive(parts_->spawner, count);
}

void caf_floor::chains_inside(std::uint64_t count) {
  parts_->drive(parts_->chainer, count);
}

void caf_floor::chains(std::uint64_t count, outside_wait wait) {
  for (; count > 0; --count) {
    parts_->system.spawn<chain_actor>(std::cref(parts_->targets), parcel{caf::make_counted<body>()},
                                      &parts_->done, caf::actor());
    parts_->done.wait(wait);
  }
}

void caf_floor::chains_lending_the_thread(std::uint64_t count) {
  for (; count > 0; --count) {
    caf::actor_config config{&parts_->lent};
    parts_->system.spawn_class<chain_actor, caf::no_spawn_options>(
        config, std::cref(parts_->targets), parcel{caf::make_counted<body>()}, &parts_->done,
        caf::actor());
    parts_->lent.run();
    parts_->done.wait({});
  }
}

void be_bare_caf() {
  caf_floor floor;
  floor.round_trips(1);
  print_resident();
}

}  // namespace bench
