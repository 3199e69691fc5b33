#include "actors/agent_hub.hpp"

#include "actors/ask_ticket.hpp"
#include "core/agent_address.hpp"
#include "core/ids.hpp"

#include <functional>
#include <future>

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

/// A subscription from outside is a message like others: only the agent itself writes what is
/// stored of it.
agent_handler make_subscription_handler(bool on) {
  agent_handler made;
  made.name = on ? "subscribe" : "unsubscribe";
  made.message = &value_type_of<std::string>;
  made.reads_only = true;
  made.run = [on](void*, const void* topic, agent_context& ctx) -> value {
    const auto& name = *static_cast<const std::string*>(topic);
    if (on) {
      ctx.subscribe(name);
    } else {
      ctx.unsubscribe(name);
    }
    return {};
  };
  return made;
}

const agent_handler& subscription_handler(bool on) {
  static const agent_handler handlers[] = {make_subscription_handler(false),
                                           make_subscription_handler(true)};
  return handlers[on ? 1 : 0];
}

constexpr milliseconds subscription_patience{60'000};

std::string name_of_question(std::string_view address, const core::agent_mail& mail) {
  return "message \"" + mail.title() + "\" to agent \"" + std::string{address} + "\"";
}

}  // namespace

core::agent_mail agent_hub::make_mail(std::string_view address, const agent_message& message,
                                      send_options how) {
  const auto type = type_of(address);
  core::agent_mail mail;
  mail.handler = type->find(message.name);
  if (mail.handler == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& one : type->handlers) known.push_back(one.name);
    throw error{errc::unknown_message, "agents of type \"" + type->type +
                                           "\" have no handler for \"" + message.name + "\"" +
                                           detail::suggestion(message.name, known)};
  }
  mail.name = message.name;
  mail.content = core::decode_agent_content(*mail.handler, message);
  mail.id = how.id.empty()
                ? core::make_random_id(runtime_->clock().random(), runtime_->clock().random())
                : std::move(how.id);
  mail.sender = std::move(how.sender);
  return mail;
}

void agent_hub::post(const std::string& address, core::agent_mail mail) {
  for (;;) {
    const auto cell = find_or_wake(address);
    auto admission = cell->arrive(mail);
    if (admission.gone) continue;  // it fell asleep in between: the next one wakes
    if (admission.displaced) {
      refuse_mail(address, *admission.displaced,
                  {errc::overloaded, "a newer message took its place in the full mailbox"});
    }
    if (admission.refused) throw admission.refused->at({.node = address});
    return;
  }
}

void agent_hub::post_or_count(const std::string& address, core::agent_mail mail) noexcept {
  try {
    post(address, std::move(mail));
  } catch (const std::exception& what) {
    const auto count = ++undelivered_;
    const auto* ours = dynamic_cast<const error*>(&what);
    count_dead_letter(address, ours != nullptr ? ours->code() : errc::agent_failed);
    // Now and then, lest a flood of messages is a flood of lines.
    if ((count & (count - 1)) == 0) {
      spdlog::warn("{} messages of agents were not delivered; the last: {}", count, what.what());
    }
  }
}

void agent_hub::refuse_mail(const std::string& address, core::agent_mail& mail,
                            const error& reason) const {
  // A durable one is not lost: it stays in the store, or whoever sent it hears that it did not get
  // there.
  if (!mail.from && !mail.durable) count_dead_letter(address, reason.code());
  refuse(mail, reason);
}

/// Types that are not known share a label: there is no end of them.
void agent_hub::count_dead_letter(std::string_view address, errc why) const noexcept {
  if (!metrics_.on()) return;
  try {
    const auto name = core::parse_agent_address(address).type;
    const std::shared_lock lock{types_mutex_};
    metrics_.dead_letter(types_.contains(name) ? name : "unknown", why);
  } catch (...) {  // no address, or no memory for it
  }
}

void agent_hub::post_question(const std::string& address, core::agent_mail mail,
                              milliseconds timeout) {
  const auto ticket = std::static_pointer_cast<ask_ticket>(mail.from);
  ticket->arm(timeout, name_of_question(address, mail));
  try {
    post(address, std::move(mail));
  } catch (const error& what) {
    ticket->answer({.error = what});
  }
}

std::shared_ptr<ask_ticket> agent_hub::call(std::string_view address, const agent_message& message,
                                            milliseconds timeout, agent_system::answer_handler then,
                                            send_options how) {
  check_timeout(timeout);
  auto mail = make_mail(address, message, std::move(how));
  auto ticket = std::make_shared<ask_ticket>(runtime_, std::move(then));
  mail.from = ticket;
  post_question(std::string{address}, std::move(mail), timeout);
  return ticket;
}

agent_outcome agent_hub::wait_for(const std::string& address, core::agent_mail mail,
                                  milliseconds timeout) {
  check_timeout(timeout);
  if (on_own_thread()) {
    throw error{errc::invalid_argument,
                "a handler or node must not wait for an agent: use ctx.ask, or ask_then"};
  }
  const auto answer = std::make_shared<std::promise<agent_outcome>>();
  auto arrived = answer->get_future();
  mail.from = std::make_shared<ask_ticket>(
      runtime_, [answer](agent_outcome outcome) { answer->set_value(std::move(outcome)); });
  post_question(address, std::move(mail), timeout);
  runtime_->drive();
  return arrived.get();
}

publish_report agent_hub::publish(std::string_view topic, const agent_message& message,
                                  const std::string& sender) {
  std::vector<std::string> members;
  {
    const std::lock_guard lock{topics_mutex_};
    members = topics_.members(topic);
  }
  publish_report report;
  for (const auto& address : members) {
    try {
      post(address, make_mail(address, message, {.sender = sender}));
      ++report.delivered;
    } catch (const error& what) {
      if (what.code() == errc::shutting_down) throw;
      ++report.missed;
      count_dead_letter(address, what.code());
    }
  }
  return report;
}

void agent_hub::publish_or_count(std::string_view topic, const agent_message& message,
                                 const std::string& sender) noexcept {
  try {
    undelivered_ += publish(topic, message, sender).missed;
  } catch (const std::exception&) {  // the system is being destroyed
    ++undelivered_;
  }
}

void agent_hub::change_subscription(std::string_view address, std::string_view topic, bool on) {
  static_cast<void>(type_of(address));
  core::agent_mail mail;
  mail.handler = &subscription_handler(on);
  mail.content = std::make_shared<const value>(std::string{topic});
  const auto outcome = wait_for(std::string{address}, std::move(mail), subscription_patience);
  if (outcome.error) throw error{*outcome.error};
}

void agent_hub::check_timers() const {
  if (timers_ < options_.max_timers) return;
  throw error{errc::overloaded, "agent_system_options::max_timers = " +
                                    std::to_string(options_.max_timers) + " timers are set"};
}

void agent_hub::schedule(const std::string& address, core::agent_mail mail, milliseconds delay) {
  ++timers_;
  runtime_->timer().at(runtime_->clock().now() + delay,
                       [hub = weak_from_this(), address, mail = std::move(mail)] {
                         const auto there = hub.lock();
                         if (!there) return;
                         --there->timers_;
                         there->post_or_count(address, mail);
                       });
}

void agent_hub::check_topic(const std::string& topic, const std::string& address) const {
  const std::lock_guard lock{topics_mutex_};
  topics_.check(topic, address);
}

bool agent_hub::change_topics(const std::string& address,
                              const std::vector<std::pair<std::string, bool>>& changes) {
  const std::lock_guard lock{topics_mutex_};
  bool changed = false;
  for (const auto& [topic, on] : changes) {
    changed |= on ? topics_.add(topic, address) : topics_.remove(topic, address);
  }
  return changed;
}

std::vector<std::string> agent_hub::topics_of(std::string_view address) const {
  const std::lock_guard lock{topics_mutex_};
  return topics_.topics_of(address);
}

std::size_t agent_hub::subscribers(std::string_view topic) const {
  const std::lock_guard lock{topics_mutex_};
  return topics_.size(topic);
}

}  // namespace mcp::actors
