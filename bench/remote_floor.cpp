#include "child_process.hpp"
#include "floors.hpp"
#include "gate.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

namespace bench {
namespace {

struct network_config : caf::actor_system_config {
  network_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.max-throughput", std::size_t{100});
    load<caf::io::middleman>();
  }
};

class quiet_actor : public caf::event_based_actor {
 public:
  explicit quiet_actor(caf::actor_config& config) : event_based_actor(config) {
    set_default_handler(caf::drop);
    set_down_handler([](caf::down_msg&) {});
  }
};

class answering_actor : public quiet_actor {
 public:
  answering_actor(caf::actor_config& config, std::size_t bytes)
      : quiet_actor(config), answer_(bytes, 'a') {}
  caf::behavior make_behavior() override {
    return {[this](const std::string&) {
      send(caf::actor_cast<caf::actor>(current_sender()), answer_);
    }};
  }

 private:
  const std::string answer_;
};

// Keeps some requests on their way until so many are answered.
class asking_actor : public quiet_actor {
 public:
  asking_actor(caf::actor_config& config, caf::actor whom, std::size_t bytes, gate* answered)
      : quiet_actor(config), whom_(std::move(whom)), request_(bytes, 'r'), done_(answered) {}
  caf::behavior make_behavior() override {
    return {[this](std::uint64_t count, std::uint64_t in_flight) {
              left_to_ask_ = left_to_hear_ = count;
              for (std::uint64_t i = 0; i < in_flight && left_to_ask_ > 0; ++i) ask();
            },
            [this](const std::string&) {
              if (--left_to_hear_ == 0) return done_->open();
              if (left_to_ask_ > 0) ask();
            }};
  }

 private:
  void ask() {
    --left_to_ask_;
    send(whom_, request_);
  }

  caf::actor whom_;
  const std::string request_;
  gate* done_;
  std::uint64_t left_to_ask_ = 0;
  std::uint64_t left_to_hear_ = 0;
};

}  // namespace

struct remote_floor::parts {
  child_process other;
  network_config config{};
  caf::actor_system system{config};
  gate done{};
  caf::actor asker{};

  explicit parts(std::size_t answer_bytes)
      : other({bare_caf_answerer_argument, std::to_string(answer_bytes)}) {}
};

remote_floor::remote_floor(std::size_t request_bytes, std::size_t answer_bytes)
    : parts_(std::make_unique<parts>(answer_bytes)) {
  const auto port = static_cast<std::uint16_t>(std::atoi(parts_->other.first_output().c_str()));
  auto whom = parts_->system.middleman().remote_actor("127.0.0.1", port);
  if (!whom) throw std::runtime_error("the other process of the floor cannot be reached");
  parts_->asker = parts_->system.spawn<asking_actor>(*whom, request_bytes, &parts_->done);
}

remote_floor::~remote_floor() {
  caf::anon_send_exit(parts_->asker, caf::exit_reason::kill);
  parts_->asker = nullptr;
}

void remote_floor::round_trips(std::uint64_t count, std::uint64_t in_flight) {
  caf::anon_send(parts_->asker, count, in_flight);
  parts_->done.wait({});
}

void be_bare_caf_answerer(std::size_t answer_bytes) {
  network_config config;
  caf::actor_system system{config};
  const auto actor = system.spawn<answering_actor>(answer_bytes);
  const auto port = system.middleman().publish(actor, 0, "127.0.0.1");
  if (!port) return;
  std::printf("%d\n", int{*port});
  std::fflush(stdout);
  wait_for_end_of_input();
  caf::anon_send_exit(actor, caf::exit_reason::kill);
}

}  // namespace bench
