#include "system/remote_agents.hpp"

#include "cluster/remote_nodes.hpp"
#include "cluster/task_codec.hpp"

#include <utility>

namespace mcp::cluster {
namespace {

agent_message message_of(std::string name, std::string bytes) {
  return {.name = std::move(name), .cbor = std::move(bytes)};
}

/// What an agent does when it gets a message: it has a worker handle it, and waits.
value hand_over(const std::string& system, const task_demand& demand,
                const std::shared_ptr<remote_nodes>& workers, const raw_cbor& state,
                const raw_cbor& content, agent_context& ctx) {
  const auto info = ctx.info();
  agent_task_message head{.system = system,
                          .type = std::string{info.type},
                          .address = std::string{info.address},
                          .message_id = std::string{info.message_id},
                          .sender = std::string{info.sender},
                          .name = std::string{info.message},
                          .content = std::string{content.view()},
                          .durable = info.durable};
  std::make_shared<remote_agent_call>(std::move(head), state, demand, workers)->begin(ctx);
  return {};
}

}  // namespace

remote_agent_call::remote_agent_call(agent_task_message head, raw_cbor state, task_demand demand,
                                     std::shared_ptr<remote_nodes> workers)
    : head_(std::move(head)),
      state_(std::move(state)),
      demand_(std::move(demand)),
      workers_(std::move(workers)) {}

void remote_agent_call::begin(agent_context& ctx) {
  later_ = ctx.later<raw_cbor>();  // nobody else knows the call yet
  waits_ = true;
  workers_->submit(shared_from_this());
}

void remote_agent_call::placed() {
  {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(worked_, false)) return;
  }
  push(began{});
}

void remote_agent_call::turn(agent_turn_message what, raw_cbor state) {
  push(turned{std::move(what), std::move(state)});
}

void remote_agent_call::fail(error reason) {
  push(std::move(reason));
}

bool remote_agent_call::outlasts(const error& reason) const {
  return head_.durable && (reason.code() == errc::no_member || reason.code() == errc::overloaded) &&
         wanted();
}

bool remote_agent_call::wanted() const {
  std::optional<agent_later<raw_cbor>> later;
  {
    const std::lock_guard lock{mutex_};
    if (over_ || acting_) return !over_;  // who acts for it is its agent
    later = later_;
  }
  return later->wanted();
}

void remote_agent_call::push(happening what) {
  std::optional<agent_later<raw_cbor>> later;
  {
    const std::lock_guard lock{mutex_};
    if (over_) return;
    worked_ = worked_ || std::holds_alternative<turned>(what);
    happened_.push_back(std::move(what));
    if (std::exchange(waits_, false)) later = later_;
  }
  if (!later) return;
  later->resume([self = shared_from_this()](raw_cbor& state, agent_context& ctx) {
    self->go_on(state, ctx);
  });
}

void remote_agent_call::go_on(raw_cbor& state, agent_context& ctx) {
  try {
    for (;;) {
      std::deque<happening> now;
      {
        const std::lock_guard lock{mutex_};
        acting_ = !happened_.empty();
        if (!acting_) {
          later_ = ctx.later<raw_cbor>();
          waits_ = true;
          return;
        }
        now.swap(happened_);
      }
      for (auto& one : now) {
        if (!std::visit([&](auto& what) { return apply(what, state, ctx); }, one)) continue;
        const std::lock_guard lock{mutex_};
        over_ = true;
        return;
      }
    }
  } catch (...) {
    {
      const std::lock_guard lock{mutex_};
      over_ = true;
    }
    workers_->withdraw(shared_from_this());  // if it was not the worker that failed
    throw;
  }
}

bool remote_agent_call::apply(began, raw_cbor&, agent_context& ctx) {
  ctx.start_over();
  return false;
}

bool remote_agent_call::apply(turned& done, raw_cbor& state, agent_context& ctx) {
  for (auto& one : done.what.actions) act(one, done.what.task, ctx.port());
  auto& end = done.what.end;
  if (!end) return false;
  if (end->failure) {
    auto reason = decode_failure(*end->failure).error;
    if (end->rejected) ctx.reject(std::move(reason));
    throw error{std::move(reason)};
  }
  if (done.state.bytes) state = std::move(done.state);
  if (end->reply) {
    ctx.reply(raw_cbor{std::make_shared<const std::string>(std::move(*end->reply))});
  }
  return true;
}

bool remote_agent_call::apply(error& reason, raw_cbor&, agent_context& ctx) {
  // Only what cost several workers their lives may be the message's fault.
  if (reason.code() == errc::member_lost) throw error{std::move(reason)};
  ctx.reject(std::move(reason));
}

void remote_agent_call::act(agent_action& what, std::uint64_t task, agent_port& port) {
  if (std::holds_alternative<id_made>(what)) {
    static_cast<void>(port.make_id());
  } else if (std::holds_alternative<started_over>(what)) {
    port.start_over();
  } else if (auto* told = std::get_if<message_told>(&what)) {
    port.tell(std::move(told->to), message_of(std::move(told->name), std::move(told->bytes)),
              told->durable);
  } else if (auto* published = std::get_if<message_published>(&what)) {
    port.publish(std::move(published->topic),
                 message_of(std::move(published->name), std::move(published->bytes)));
  } else if (auto* scheduled = std::get_if<message_scheduled>(&what)) {
    port.schedule(milliseconds{scheduled->after_ms},
                  message_of(std::move(scheduled->name), std::move(scheduled->bytes)));
  } else if (auto* topic = std::get_if<topic_wanted>(&what)) {
    port.subscribe(std::move(topic->topic), topic->on);
  } else {
    ask(std::get<agent_asked>(what), task, port);
  }
}

void remote_agent_call::ask(agent_asked& what, std::uint64_t task, agent_port& port) {
  const auto number = what.number;
  port.ask(std::move(what.to), message_of(std::move(what.name), std::move(what.bytes)),
           milliseconds{what.timeout_ms},
           [self = shared_from_this(), task, number](void*, const agent_outcome& outcome,
                                                     agent_context&) {
             agent_answer_message answer{.task = task, .number = number};
             if (outcome.error) {
               answer.failure = encode_failure({.error = *outcome.error});
             } else {
               answer.bytes = outcome.cbor();
             }
             self->workers_->answer(self, std::move(answer));
           });
}

agent_spec make_remote_agent(std::string type, agent_options options, std::string system,
                             task_demand demand, std::shared_ptr<remote_nodes> workers) {
  agent_spec spec;
  spec.type = std::move(type);
  spec.state = &value_type_of<raw_cbor>;
  spec.options = options;
  spec.handlers.push_back(
      {.message = &value_type_of<raw_cbor>,
       .run = [system = std::move(system), demand = std::move(demand),
               workers = std::move(workers)](void* state, const void* content, agent_context& ctx) {
         return hand_over(system, demand, workers, *static_cast<const raw_cbor*>(state),
                          *static_cast<const raw_cbor*>(content), ctx);
       }});
  return spec;
}

}  // namespace mcp::cluster
