#include "members/worker_actor.hpp"

#include "net/pipe.hpp"
#include "net/steady_time.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace mcp::cluster {
namespace {

constexpr std::chrono::milliseconds worker_tick{25};

std::uint64_t next_incarnation(std::uint64_t last) {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto made = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since).count());
  return std::max(made, last + 1);
}

}  // namespace

worker_actor::worker_actor(caf::actor_config& config, worker_settings settings, node_queue& nodes,
                           boost::asio::thread_pool& errands)
    : cluster_actor(config), settings_(std::move(settings)), nodes_(nodes), errands_(errands) {}

caf::behavior worker_actor::make_behavior() {
  start_anew();
  dial();
  delayed_send(this, worker_tick, clock_tick{});
  return {[this](const pipe_opened& what) { opened(what); },
          [this](const pipe_frames& what) { arrived(what); },
          [this](const pipe_closed& what) { closed(what); },
          [this](const dial_failed& what) {
            dialling_ = false;
            dial_later(what.reason);
          },
          [](const task_posted& what) { what.run(); },
          [this](clock_tick) {
            pump();
            delayed_send(this, worker_tick, clock_tick{});
          },
          [this](close_message) { quit(); }};
}

void worker_actor::on_exit() {
  if (pipe_) send(pipe_, close_message{});
  pipe_ = nullptr;
  box()->close();
  lose_tasks();
  systems_.clear();
}

// The connection ---------------------------------------------------------------------------------

void worker_actor::start_anew() {
  lose_tasks();
  states_.clear();
  agent_states_.clear();
  next_trace_.reset();
  outbox_.clear();
  server_incarnation_ = 0;
  incarnation_ = next_incarnation(incarnation_);
  link_.emplace(member_identity{settings_.cluster, settings_.name, incarnation_}, std::string{},
                settings_.link);
}

void worker_actor::introduce() {
  server_incarnation_ = link_->peer_incarnation();
  trouble_.clear();
  spdlog::info("cluster: joined the server \"{}\" at {}", link_->peer(), settings_.server.text());
  if (link_->version() >= wire_version_of_plugins && !settings_.plugins.versions.empty()) {
    say(to_cbor(worker_message{settings_.plugins}), false);
  }
  say(to_cbor(worker_message{settings_.offer}), false);
  if (leaving_) say(to_cbor(worker_message{leaving_message{"it ends"}}), false);
}

void worker_actor::lose_tasks() {
  for (auto& [number, task] : std::exchange(tasks_, {})) task->lose_server();
  for (auto& [number, task] : std::exchange(agent_tasks_, {})) task->lose_server();
  for (auto& [hash, system] : systems_) {
    system.waiting.clear();
    system.memory = false;  // the next server says it anew
  }
}

void worker_actor::dial() {
  if (std::exchange(dialling_, true)) return;
  boost::asio::post(errands_, [self = me(), where = settings_.server, tls = settings_.tls,
                               within = settings_.connect_within] {
    try {
      std::shared_ptr<tls_channel> channel;
      if (tls) channel = std::make_shared<tls_channel>(tls->current(), tls_role::connects);
      const int socket = connect_to(where, within);
      self.home_system().middleman().spawn_broker(dialled_pipe, socket, where.text(), self,
                                                  std::move(channel));
    } catch (const error& wrong) {
      caf::anon_send(self, dial_failed{wrong.message()});
    }
  });
}

void worker_actor::dial_later(const std::string& why) {
  if (why != trouble_) spdlog::warn("cluster: no connection: {}", why);
  trouble_ = why;
  delayed_send(this, wait_, task_posted{[this] { dial(); }});
  wait_ = std::clamp(wait_ * 2, settings_.shortest_wait, settings_.longest_wait);
}

void worker_actor::opened(const pipe_opened& what) {
  dialling_ = false;
  pipe_ = what.pipe;
  link_->connected(steady_time());
  pump();
}

void worker_actor::arrived(const pipe_frames& what) {
  if (!pipe_ || what.pipe != pipe_.id()) return;
  try {
    for (const auto& frame : what.frames) link_->received(frame, steady_time());
    if (!what.certified.empty() && !link_->peer().empty() && link_->peer() != what.certified) {
      throw error{errc::access_denied, "the certificate of the server \"" + link_->peer() +
                                           "\" is for \"" + what.certified + "\""};
    }
    if (server_incarnation_ != 0 && link_->peer_incarnation() != server_incarnation_) {
      // Numbers begin anew, and it knows nothing of the tasks: so do we, at once.
      start_anew();
      wait_ = std::chrono::milliseconds{0};
      return disconnect("the server has started anew");
    }
    while (auto message = link_->next_message()) take(*message);
  } catch (const error& wrong) {
    spdlog::error("cluster: {}", wrong.message());
    if (!link_->ended()) {
      start_anew();
      wait_ = std::max(wait_, settings_.shortest_wait);
      return disconnect(wrong.message());
    }
  }
  if (link_->open() && server_incarnation_ == 0) introduce();
  if (link_->open()) wait_ = std::chrono::milliseconds{0};
  pump();
}

void worker_actor::closed(const pipe_closed& what) {
  if (!pipe_ || what.pipe != pipe_.id()) return;
  const bool strange = server_incarnation_ == 0 && !settings_.tls;
  disconnect(what.reason + (strange ? "; a server with certificates takes nobody without: --cert, "
                                      "--key and --authority"
                                    : ""));
}

void worker_actor::disconnect(const std::string& why) {
  if (pipe_) send(pipe_, close_message{});
  pipe_ = nullptr;
  link_->disconnected();
  dial_later(why);
}

void worker_actor::pump() {
  while (!outbox_.empty() && link_->send(outbox_.front())) outbox_.pop_front();
  if (!pipe_) return;
  pipe_frames out;
  while (auto frame = link_->next_frame(steady_time())) out.frames.push_back(std::move(*frame));
  if (!out.frames.empty()) send(pipe_, std::move(out));
  const auto why = link_->closing(steady_time());
  if (!why) return;
  // After a bye the far end has nothing more for this incarnation.
  if (link_->ended()) {
    // One that had joined may join anew; one that is refused as it comes tries ever less often.
    const bool had_joined = server_incarnation_ != 0;
    wait_ = had_joined ? settings_.shortest_wait : std::max(wait_, settings_.shortest_wait);
    start_anew();
  }
  disconnect(*why);
}

// For others -------------------------------------------------------------------------------------

worker_status worker_actor::status() const {
  return {.connected = pipe_ && link_->open(),
          .server = link_->peer(),
          .trouble = trouble_,
          .at_work = tasks_.size() + agent_tasks_.size(),
          .done = done_,
          .idle = tasks_.empty() && agent_tasks_.empty() && outbox_.empty() && link_->idle()};
}

void worker_actor::leave(const std::string& reason) {
  if (std::exchange(leaving_, true)) return;
  if (server_incarnation_ != 0) say(to_cbor(worker_message{leaving_message{reason}}), false);
  pump();
}

}  // namespace mcp::cluster
