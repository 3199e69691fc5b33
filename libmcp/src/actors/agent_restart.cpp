#include "actors/agent_cell.hpp"
#include "actors/agent_hub.hpp"
#include "actors/agent_work.hpp"
#include "core/agent_address.hpp"

#include <algorithm>
#include <map>

// What a supervisor does with agents: as the directory, and as the agent itself.

namespace mcp::actors {

void agent_hub::failed(const agent_cell& cell, const error& why) {
  if (supervision_) supervision_->failed(cell, why);
}

void agent_hub::start_again(const agent_cell& cell, agent_cell::afterwards what) {
  if (supervision_) supervision_->start_again(cell, what == agent_cell::afterwards::restart);
}

agent_supervision& agent_hub::supervision_of(std::string_view name) const {
  if (supervision_) return *supervision_;
  throw error{errc::invalid_argument,
              "no supervisor \"" + std::string{name} + "\": this agent system has none"};
}

void agent_hub::check_may_wait() const {
  if (!on_own_thread()) return;
  throw error{errc::invalid_argument,
              "a handler or node must not wait for a store: stop and "
              "revive trees from another thread"};
}

std::shared_ptr<agent_cell> agent_hub::hold(const std::string& address, const error& reason) {
  const auto slash = address.find('/');
  const auto type = find_type(std::string_view{address}.substr(0, slash));
  if (!type || address.size() > core::max_agent_address_bytes) return nullptr;  // there is none
  auto& here = shard_of(address);
  const std::lock_guard lock{here.mutex};
  if (stopping_) return nullptr;
  const auto found = here.places.find(address);
  if (found != here.places.end() && found->second.cell) {
    const auto cell = found->second.cell;
    if (cell->hold(reason)) return cell;
    remove(here, *cell, {});
  } else if (found != here.places.end()) {
    here.places.erase(found);  // asleep in memory: the next one begins with the initial state
    --places_;
  }
  if (!log_) return nullptr;
  // Whether the store knows it is seen by reading it. More than `max_agents` for a moment.
  const auto cell = put_cell(here, *type, address);
  cell->start_held(reason);
  return cell;
}

std::vector<std::shared_ptr<agent_cell>> agent_hub::present(const std::vector<std::string>& types,
                                                            const std::string& key) {
  std::vector<std::shared_ptr<agent_cell>> result;
  if (!key.empty()) {
    for (const auto& type : types) {
      const auto address = type + "/" + key;
      auto& here = shard_of(address);
      const std::lock_guard lock{here.mutex};
      const auto found = here.places.find(address);
      if (found != here.places.end() && found->second.cell) result.push_back(found->second.cell);
    }
    return result;
  }
  std::map<std::string_view, std::vector<std::shared_ptr<agent_cell>>> by_type;
  for (const auto& type : types) by_type[type];
  for (auto& here : shards_) {
    const std::lock_guard lock{here.mutex};
    for (const auto& [address, one] : here.places) {
      const auto of = by_type.find(core::parse_agent_address(address).type);
      if (of != by_type.end() && one.cell) of->second.push_back(one.cell);
    }
  }
  for (const auto& type : types) {
    auto& some = by_type[type];
    result.insert(result.end(), some.begin(), some.end());
  }
  return result;
}

void agent_hub::revive_soon(const agent_cell& cell) {
  auto& here = shard_of(cell.address());
  const std::lock_guard lock{here.mutex};
  const auto found = here.places.find(cell.address());
  if (stopping_ || found == here.places.end() || found->second.cell.get() != &cell) return;
  const auto same = found->second.cell;
  std::string saved;
  if (!same->revive_soon(saved)) return;
  remove(here, *same, std::move(saved));
  if (log_) put_cell(here, same->spec(), same->address())->start();  // durable messages may wait
}

void agent_hub::wake_waiting(const std::vector<std::string>& types, const std::string& key) {
  if (!log_) return;
  for (const auto& type : types) {
    if (!key.empty()) {
      if (log_->waits(type + "/" + key)) wake_if_allowed(type + "/" + key);
      continue;
    }
    for (const auto& one : log_->listed(type)) {
      if (one.waiting) wake_if_allowed(one.address);
    }
  }
}

void agent_cell::start_held(error reason) {
  lock held{mutex_};
  passing_ = true;
  machine_.hold(std::move(reason));
  spawn(held);
}

bool agent_cell::hold(const error& reason) {
  lock held{mutex_};
  if (machine_.revive()) return false;
  if (machine_.stopping()) {
    afterwards_ = afterwards::restart;
  } else {
    stopping_.store(true, std::memory_order_release);
    machine_.hold(reason);
    ring(held);
  }
  return true;
}

void agent_cell::let_go() {
  lock held{mutex_};
  machine_.let_go();
  ring(held);
}

bool agent_cell::restarting() const {
  const lock held{mutex_};
  return machine_.restarting();
}

bool agent_cell::revive_soon(std::string& saved) {
  const lock held{mutex_};
  if (machine_.revive()) {
    saved = state_to_keep();
    return true;
  }
  if (machine_.stopping()) afterwards_ = afterwards::revive;
  return false;
}

/// The supervisor's order. What waits for this agent stays.
void agent_cell::restart() {
  std::vector<core::agent_mail> refused;
  try {
    auto fresh = fresh_state();
    const bool changed = !spec_.state->equal(state_.get(), fresh.get());
    lock held{mutex_};
    if (changed && hub_->log() != nullptr) {
      std::vector<store_write> writes;
      hub_->log()->add_state(writes, entry_, address_,
                             core::encode_agent_state(machine_.handled_number(), fresh));
      static_cast<void>(write(held, std::move(writes)));
    }
    state_ = std::move(fresh);
    machine_.restarted(hub_->owner().clock().now(), std::exchange(passing_, false));
    stopping_.store(machine_.stopping().has_value(), std::memory_order_release);
    refused = machine_.take_refused();
  } catch (const std::exception& what) {
    stop({errc::agent_stopped, std::string{"no initial state: "} + what.what()});
  } catch (...) {
    stop({errc::agent_stopped, "no initial state: something that is no std::exception"});
  }
  refuse_all(refused);
}

}  // namespace mcp::actors
