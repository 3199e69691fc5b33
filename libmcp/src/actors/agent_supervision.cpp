#include "actors/agent_supervision.hpp"

#include "actors/agent_hub.hpp"
#include "core/agent_address.hpp"

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

std::string address_of(const std::string& type, const std::string& key) {
  return type + "/" + key;
}

void check_key(const std::string& key) {
  if (key.size() < core::max_agent_address_bytes) return;
  throw error{errc::invalid_argument,
              "a key has fewer than " + std::to_string(core::max_agent_address_bytes) + " bytes"};
}

}  // namespace

agent_supervision::agent_supervision(agent_hub& hub, const std::vector<supervisor>& trees)
    : hub_(hub), tree_(trees) {
  if (hub_.log() == nullptr) return;
  for (const auto& name : tree_.restore(hub_.log()->stops(stored_))) {
    spdlog::warn("the supervisor \"{}\" was stopped, and is in no tree any more", name);
  }
  any_stopped_ = tree_.any_stopped();
}

void agent_supervision::failed(const agent_cell& cell, const error& why) {
  const auto address = core::parse_agent_address(cell.address());
  const std::string key{address.key};
  std::vector<refused_mail> refused;
  core::supervision_decision decided;
  {
    const lock order{order_};
    // A restart that was ordered since it failed is one for this failure, too.
    if (cell.restarting()) return;
    {
      const lock tree{tree_mutex_};
      decided = tree_.failed(address.type, key, why, hub_.owner().clock().now());
      any_stopped_ = tree_.any_stopped();
    }
    say(decided, key);
    if (decided.what == core::supervision_decision::verb::restart) {
      restart(decided.types, key, decided.reason);
    } else if (decided.what == core::supervision_decision::verb::stop) {
      refused = halt(decided.types, key, decided.reason);
    }
  }
  for (auto& one : refused) hub_.refuse_mail(one.address, one.mail, decided.reason);
}

void agent_supervision::restart(const std::vector<std::string>& types, const std::string& key,
                                const error& reason) {
  std::vector<std::shared_ptr<agent_cell>> held;
  for (auto type = types.rbegin(); type != types.rend(); ++type) {
    if (auto cell = hub_.hold(address_of(*type, key), reason)) held.push_back(std::move(cell));
  }
  for (auto cell = held.rbegin(); cell != held.rend(); ++cell) (*cell)->let_go();
}

std::vector<agent_supervision::refused_mail> agent_supervision::halt(
    const std::vector<std::string>& types, const std::string& key, const error& reason) {
  std::vector<refused_mail> refused;
  const auto cells = hub_.present(types, key);
  for (auto cell = cells.rbegin(); cell != cells.rend(); ++cell) {
    for (auto& mail : (*cell)->halt(reason)) {
      refused.push_back({(*cell)->address(), std::move(mail)});
    }
  }
  return refused;
}

void agent_supervision::say(const core::supervision_decision& decided, const std::string& key) {
  if (decided.what == core::supervision_decision::verb::restart) {
    spdlog::debug("agents of key \"{}\": {}", key, decided.reason.message());
  }
  if (decided.what != core::supervision_decision::verb::stop) return;
  const auto count = ++gave_up_;
  // Now and then, lest a flood of failures is a flood of lines.
  if ((count & (count - 1)) != 0) return;
  spdlog::warn("{} teams were given up; the last, of key \"{}\": {}{}", count, key,
               decided.reason.message(),
               decided.recorded ? "" : "; too many are stopped to stop agents that wake later");
}

void agent_supervision::start_again(const agent_cell& cell, bool restart_it) {
  const lock order{order_};
  if (stopped(cell.address())) return;
  if (!restart_it) return hub_.revive_soon(cell);
  const auto held =
      hub_.hold(cell.address(), {errc::agent_restarted, "its supervisor restarted it"});
  if (held) held->let_go();
}

void agent_supervision::stop(std::string_view name, const std::string& key, std::string reason) {
  check_key(key);
  hub_.check_may_wait();
  pending_write written;
  std::vector<refused_mail> refused;
  const error why{errc::agent_stopped, reason};
  {
    const lock order{order_};
    core::stop_change change;
    {
      const lock tree{tree_mutex_};
      change = tree_.stop(name, key, std::move(reason));
      any_stopped_ = true;
    }
    written = write(change.writes);
    refused = halt(change.types, key, why);
  }
  for (auto& one : refused) hub_.refuse_mail(one.address, one.mail, why);
  wait_for(std::move(written));
}

bool agent_supervision::revive(std::string_view name, const std::string& key) {
  check_key(key);
  hub_.check_may_wait();
  pending_write written;
  core::stop_change change;
  {
    const lock order{order_};
    {
      const lock tree{tree_mutex_};
      change = tree_.revive(name, key);
      any_stopped_ = tree_.any_stopped();
    }
    if (!change.changed) return false;
    written = write(change.writes);
    for (const auto& cell : hub_.present(change.types, key)) {
      if (!stopped(cell->address())) hub_.revive_soon(*cell);
    }
  }
  wait_for(std::move(written));
  hub_.wake_waiting(change.types, key);
  return true;
}

bool agent_supervision::revive_team(std::string_view address) {
  if (!any_stopped_) return false;
  const auto parts = core::parse_agent_address(address);
  const std::string key{parts.key};
  const lock order{order_};
  core::stop_change change;
  {
    const lock tree{tree_mutex_};
    change = tree_.revive_team(parts.type, key);
    any_stopped_ = tree_.any_stopped();
  }
  for (const auto& cell : hub_.present(change.types, key)) hub_.revive_soon(*cell);
  return change.changed;
}

std::optional<error> agent_supervision::stopped(std::string_view address) const {
  if (!any_stopped_) return std::nullopt;
  const auto parts = core::parse_agent_address(address);
  const lock tree{tree_mutex_};
  return tree_.stopped(parts.type, std::string{parts.key});
}

std::vector<supervisor_status> agent_supervision::status(std::size_t most) const {
  const lock tree{tree_mutex_};
  return tree_.status(most);
}

agent_supervision::pending_write agent_supervision::write(
    const std::vector<core::stop_record>& records) {
  const auto answer = std::make_shared<std::promise<void>>();
  pending_write result{answer->get_future(), !stored_.anchor};
  if (hub_.log() == nullptr || records.empty()) {
    answer->set_value();
    return result;
  }
  std::vector<store_write> writes;
  for (const auto& one : records) hub_.log()->add_stop(writes, stored_, one);
  const auto done = [answer](const std::shared_ptr<error>& failed) {
    if (failed) {
      answer->set_exception(std::make_exception_ptr(*failed));
    } else {
      answer->set_value();
    }
  };
  try {
    if (hub_.log()->writer().write_then(std::move(writes), done)) answer->set_value();
  } catch (...) {
    answer->set_exception(std::current_exception());
  }
  return result;
}

void agent_supervision::wait_for(pending_write written) {
  hub_.owner().drive();
  try {
    written.done.get();
  } catch (...) {
    const lock order{order_};
    if (written.first) stored_ = {};  // what was to be written on is not there
    throw;
  }
}

}  // namespace mcp::actors
