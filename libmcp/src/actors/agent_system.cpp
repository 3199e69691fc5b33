#include "mcp/agent_system.hpp"

#include "actors/agent_hub.hpp"
#include "actors/ask_ticket.hpp"
#include "mcp/agent_node.hpp"

#include <future>
#include <mutex>

namespace mcp {
namespace {

agent_message from_text(std::string_view name, std::string_view json) {
  return {.name = std::string{name}, .cbor = json_to_cbor(json)};
}

}  // namespace

void agent_call::cancel() const {
  ticket_->answer({.error = error{errc::cancelled, "the ask was cancelled"}});
}

agent_system::agent_system(agent_system_options options, std::vector<agent_spec> types)
    : hub_(nullptr) {
  const auto trees = std::move(options.supervision);
  hub_ = std::make_shared<actors::agent_hub>(std::move(options));
  try {
    for (auto& one : types) hub_->add(std::move(one));
    hub_->supervise(trees);
    // Only now: agents write to each other.
    for (const auto& name : hub_->types()) hub_->recover(name);
  } catch (...) {
    hub_->shut_down();
    throw;
  }
}

agent_system::~agent_system() {
  hub_->shut_down();
}

void agent_system::add(agent_spec type) {
  const auto name = type.type;
  hub_->add(std::move(type));
  hub_->recover(name);
}

void agent_system::tell_json(std::string_view address, std::string_view name, std::string_view json,
                             send_options how) {
  send(address, from_text(name, json), std::move(how));
}

std::string agent_system::ask_json(std::string_view address, std::string_view name,
                                   std::string_view json, milliseconds timeout, send_options how) {
  return cbor_to_json(wait_for(address, from_text(name, json), timeout, std::move(how)).cbor());
}

publish_report agent_system::publish_json(std::string_view topic, std::string_view name,
                                          std::string_view json) {
  return send_to_all(topic, from_text(name, json));
}

void agent_system::send(std::string_view address, agent_message message, send_options how) {
  hub_->post(std::string{address}, hub_->make_mail(address, message, std::move(how)));
}

void agent_system::send_durable(std::string_view address, agent_message message, send_options how) {
  if (actors::on_own_thread()) {
    throw error{errc::invalid_argument,
                "a handler or node must not wait for a store: use ctx.tell_durable"};
  }
  const auto answer = std::make_shared<std::promise<void>>();
  auto accepted = answer->get_future();
  send_durable_then(address, std::move(message), std::move(how),
                    [answer](const std::optional<error>& failed) {
                      if (failed) {
                        answer->set_exception(std::make_exception_ptr(*failed));
                      } else {
                        answer->set_value();
                      }
                    });
  hub_->owner().drive();
  accepted.get();
}

void agent_system::send_durable_then(std::string_view address, agent_message message,
                                     send_options how, accepted_handler then) {
  auto mail = hub_->make_mail(address, message, std::move(how));
  mail.durable = true;
  mail.accepted = std::move(then);
  hub_->post(std::string{address}, std::move(mail));
}

agent_outcome agent_system::wait_for(std::string_view address, agent_message message,
                                     milliseconds timeout, send_options how) {
  return hub_->wait_for(std::string{address}, hub_->make_mail(address, message, std::move(how)),
                        timeout);
}

agent_call agent_system::call(std::string_view address, agent_message message, milliseconds timeout,
                              answer_handler then, send_options how) {
  return agent_call{hub_->call(address, message, timeout, std::move(then), std::move(how))};
}

publish_report agent_system::send_to_all(std::string_view topic, const agent_message& message) {
  return hub_->publish(topic, message, {});
}

void agent_system::subscribe(std::string_view address, std::string_view topic) {
  hub_->change_subscription(address, topic, true);
}
void agent_system::unsubscribe(std::string_view address, std::string_view topic) {
  hub_->change_subscription(address, topic, false);
}
std::size_t agent_system::subscribers(std::string_view topic) const {
  return hub_->subscribers(topic);
}

void agent_system::stop(std::string_view address, std::string reason) {
  hub_->stop(address, reason);
}
void agent_system::stop_all(const std::string& reason) {
  hub_->stop_all({errc::agent_stopped, reason});
}
bool agent_system::revive(std::string_view address) {
  return hub_->revive(address);
}
void agent_system::stop_tree(std::string_view supervisor, std::string reason,
                             std::string_view key) {
  hub_->supervision_of(supervisor).stop(supervisor, std::string{key}, std::move(reason));
}
bool agent_system::revive_tree(std::string_view supervisor, std::string_view key) {
  return hub_->supervision_of(supervisor).revive(supervisor, std::string{key});
}
std::vector<supervisor_status> agent_system::tree_status(std::size_t most) const {
  const auto* supervision = hub_->supervision();
  return supervision == nullptr ? std::vector<supervisor_status>{} : supervision->status(most);
}
agent_status agent_system::status(std::string_view address) const {
  return hub_->status(address);
}
agent_counts agent_system::counts() const {
  return hub_->counts();
}
std::vector<std::string> agent_system::types() const {
  return hub_->types();
}
void agent_system::kill_actor(std::string_view address) {
  hub_->kill_actor(address);
}

namespace detail {

struct withdrawable::parts {
  std::mutex mutex;
  std::optional<agent_call> call;
  bool withdrawn = false;
};

withdrawable::withdrawable() : parts_(std::make_unique<parts>()) {}
withdrawable::~withdrawable() = default;

void withdrawable::asked(agent_call call) {
  {
    const std::lock_guard lock{parts_->mutex};
    if (!parts_->withdrawn) {
      parts_->call.emplace(std::move(call));
      return;
    }
  }
  call.cancel();
}

void withdrawable::withdraw() {
  std::optional<agent_call> call;
  {
    const std::lock_guard lock{parts_->mutex};
    parts_->withdrawn = true;
    call.swap(parts_->call);
  }
  if (call) call->cancel();
}

}  // namespace detail
}  // namespace mcp
