#include "members/worker_actor.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

// The worker's actor's part for what the server says, and what tasks say to it.

namespace mcp::cluster {
namespace {

failure_item failure_of_size(std::size_t bytes, std::size_t most) {
  return encode_failure(
      {.error = error{errc::too_large, "the task has " + std::to_string(bytes) +
                                           " bytes for the server; the limit is " +
                                           std::to_string(most)}});
}

}  // namespace

void worker_actor::take(const std::string& bytes) {
  auto message = read_server_message(bytes);
  std::visit([&](auto& what) { take(std::move(what)); }, message);
}

void worker_actor::take(system_message system) {
  const bool known = systems_.contains(system.hash);
  if (!known && systems_.size() >= settings_.systems) forget_a_system();
  systems_[system.hash].told = ++last_told_;
  if (known) return;
  boost::asio::post(errands_,
                    [this, self = me(), load = settings_.load, system = std::move(system)] {
                      std::shared_ptr<const worker_system> made;
                      std::optional<error> failed;
                      try {
                        made = load(system);
                      } catch (const error& wrong) {
                        failed = wrong;
                      } catch (const std::exception& wrong) {
                        failed = error{errc::invalid_cluster_file, wrong.what()};
                      }
                      caf::anon_send(self, task_posted{[this, hash = system.hash, made, failed] {
                                       loaded(hash, made, failed);
                                     }});
                    });
}

/// The one that the server told of first, among those without tasks: it tells of it anew.
void worker_actor::forget_a_system() {
  std::set<std::string_view> used;
  for (const auto& [number, task] : tasks_) used.insert(task->system());
  for (const auto& [number, task] : agent_tasks_) used.insert(task->message().system);
  auto oldest = systems_.end();
  for (auto one = systems_.begin(); one != systems_.end(); ++one) {
    if (used.contains(one->first)) continue;
    if (oldest == systems_.end() || one->second.told < oldest->second.told) oldest = one;
  }
  if (oldest != systems_.end()) systems_.erase(oldest);
}

void worker_actor::loaded(const std::string& hash, std::shared_ptr<const worker_system> made,
                          std::optional<error> failed) {
  const auto found = systems_.find(hash);
  if (found == systems_.end()) return;
  auto& system = found->second;
  system.ready = std::move(made);
  system.failed = std::move(failed);
  if (system.failed) spdlog::error("cluster: a cluster file: {}", system.failed->message());
  for (const auto& run : std::exchange(system.waiting, {})) run(system);
}

void worker_actor::with_system(const std::string& hash,
                               std::function<void(const known_system&)> run) {
  const auto system = systems_.find(hash);
  if (system == systems_.end()) {
    run({.failed =
             error{errc::invalid_cluster_file, "the server did not send the file of a task"}});
  } else if (system->second.ready || system->second.failed) {
    run(system->second);
  } else {
    system->second.waiting.push_back(std::move(run));
  }
}

void worker_actor::take(trace_message trace) {
  if (!trace_context::parse(trace.traceparent)) {
    throw error{errc::malformed_answer, "the server names a place in a trace that is none"};
  }
  next_trace_ = std::move(trace);
}

void worker_actor::take(task_message task) {
  const auto number = task.task;
  task_trace trace{.spans = settings_.spans, .member = settings_.name, .server = link_->peer()};
  if (const auto told = std::exchange(next_trace_, {}); told && told->task == number) {
    trace.parent = *trace_context::parse(told->traceparent);
  }
  const auto hash = task.system;
  auto state = task.state == 0 ? state_fields{} : states_.at(task.state);
  const auto system = systems_.find(hash);
  const auto made = std::make_shared<worker_task>(
      std::move(task), std::move(state), std::move(trace), outlet(number),
      [this, self = me()](milliseconds after, std::function<void()> then) {
        caf::anon_send(self, task_posted{[this, after, then = std::move(then)] {
                         delayed_send(this, after, task_posted{then});
                       }});
      },
      server_abilities{.memory = system != systems_.end() && system->second.memory,
                       .holds = link_->version() >= wire_version_of_holds});
  if (!tasks_.emplace(number, made).second) {
    throw error{errc::malformed_answer, "the server uses the number of a task twice"};
  }
  with_system(hash, [this, made](const known_system& system) {
    if (system.failed) return made->fail({.error = *system.failed});
    nodes_.post([made, system = system.ready] { made->run(*system); });
  });
}

void worker_actor::take(agent_task_message message) {
  const auto number = message.task;
  const auto hash = message.system;
  auto known =
      message.state == 0 ? kept_agent_state{} : agent_states_.find(message.address, message.state);
  const bool missing = message.state != 0 && !known.content;
  auto around = surroundings(message.address);
  const auto made =
      std::make_shared<agent_task>(std::move(message), std::move(known), std::move(around));
  if (!agent_tasks_.emplace(number, made).second) {
    throw error{errc::malformed_answer, "the server uses the number of a task twice"};
  }
  if (missing) return made->miss_state();
  with_system(hash, [this, made](const known_system& system) {
    if (system.failed) return made->fail(*system.failed);
    nodes_.post([made, system = system.ready] {
      try {
        made->run(system->agent(made->message().type), system);
      } catch (const error& wrong) {
        made->fail(wrong);
      }
    });
  });
}

void worker_actor::take(agent_answer_message answer) {
  const auto found = agent_tasks_.find(answer.task);
  if (found != agent_tasks_.end()) found->second->told(std::move(answer));
}

void worker_actor::take(const cancel_message& cancel) {
  const auto found = tasks_.find(cancel.task);
  if (found != tasks_.end()) return found->second->cancel();
  const auto agents = agent_tasks_.find(cancel.task);
  if (agents != agent_tasks_.end()) agents->second->cancel();
}

void worker_actor::take(told_message told) {
  const auto found = tasks_.find(told.task);
  if (found == tasks_.end()) return;
  auto then = found->second->told(std::move(told));
  if (!then) return;
  nodes_.post([then = std::move(then)] {
    try {
      then();
    } catch (...) {  // as the engine does: the reply object in it says that it was dropped
    }
  });
}

void worker_actor::take(const memory_message& what) {
  if (const auto found = systems_.find(what.system); found != systems_.end()) {
    found->second.memory = true;
  }
}

worker_outlet worker_actor::outlet(std::uint64_t task) {
  return [this, self = me(), task, mine = incarnation_,
          most = settings_.link.message_bytes](worker_message message) {
    const bool ends = std::holds_alternative<result_message>(message);
    const auto* note = std::get_if<note_message>(&message);
    // What was used of the budget has to arrive.
    const bool may_be_dropped = note != nullptr && !std::holds_alternative<released>(note->what);
    const auto version = version_of(message);
    auto bytes = to_cbor(message);
    if (bytes.size() > most) {
      if (may_be_dropped) return;
      if (const auto* asks = std::get_if<wish_message>(&message)) {
        told_message told{
            .task = task, .number = asks->number, .failure = failure_of_size(bytes.size(), most)};
        return box()->post(self, [this, mine, told = std::move(told)] {
          if (mine == incarnation_) take(told);
        });
      }
      bytes = to_cbor(worker_message{
          result_message{.task = task, .failure = failure_of_size(bytes.size(), most)}});
    }
    box()->post(self, [this, task, mine, ends, may_be_dropped, version,
                       bytes = std::move(bytes)]() mutable {
      if (mine != incarnation_) return;  // of a server that is gone
      if (may_be_dropped && version > link_->version()) return;
      say(std::move(bytes), may_be_dropped);
      if (ends) done_ += tasks_.erase(task);
    });
  };
}

agent_task_surroundings worker_actor::surroundings(const std::string& address) {
  const auto say_turn = [this, self = me(), address, mine = incarnation_,
                         most = settings_.link.message_bytes](agent_turn_message message,
                                                              kept_agent_state state) {
    const auto task = message.task;
    bool ends = message.end.has_value();
    auto bytes = to_cbor(worker_message{std::move(message)});
    if (bytes.size() > most) {
      ends = true;
      state = {};
      bytes = to_cbor(worker_message{agent_turn_message{
          .task = task, .end = agent_end{.failure = failure_of_size(bytes.size(), most)}}});
    }
    box()->post(self, [this, task, address, mine, ends, state = std::move(state),
                       bytes = std::move(bytes)]() mutable {
      if (mine != incarnation_ || !agent_tasks_.contains(task)) return;
      say(std::move(bytes), false);
      if (!ends) return;
      agent_states_.keep(address, task, std::move(state));
      done_ += agent_tasks_.erase(task);
    });
  };
  return {say_turn, [&nodes = nodes_](std::function<void()> what) {
            nodes.post([what = std::move(what)] {
              try {
                what();
              } catch (...) {  // what is at work says itself how it ended
              }
            });
          }};
}

void worker_actor::say(std::string bytes, bool may_be_dropped) {
  if (outbox_.empty() && link_->send(bytes)) return;
  if (may_be_dropped && outbox_.size() >= settings_.messages_behind) {
    if (dropped_++ == 0) {
      spdlog::warn("cluster: the server is slow; events of nodes are dropped");
    }
    return;
  }
  outbox_.push_back(std::move(bytes));
}

}  // namespace mcp::cluster
