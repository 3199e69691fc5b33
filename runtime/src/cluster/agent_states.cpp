#include "cluster/agent_states.hpp"

#include <utility>

namespace mcp::cluster {

void agent_homes::handled(const std::string& address, home where) {
  forget(address);
  if (by_address_.size() >= most_) forget(std::string{order_.back()});
  order_.push_front(address);
  by_address_[address] = {std::move(where), order_.begin()};
}

agent_homes::home agent_homes::find(const std::string& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? home{} : found->second.where;
}

void agent_homes::forget(const std::string& address) {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return;
  order_.erase(found->second.place);
  by_address_.erase(found);
}

void agent_shelf::keep(const std::string& address, std::uint64_t task, kept_agent_state state) {
  drop(address);
  if (!state.content || state.bytes > most_.bytes) return;
  while (by_address_.size() >= most_.agents || bytes_ + state.bytes > most_.bytes) {
    drop(std::string{order_.back()});
  }
  bytes_ += state.bytes;
  order_.push_front(address);
  by_address_[address] = {task, std::move(state), order_.begin()};
}

kept_agent_state agent_shelf::find(const std::string& address, std::uint64_t task) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end() || found->second.task != task) return {};
  return found->second.state;
}

void agent_shelf::clear() {
  by_address_.clear();
  order_.clear();
  bytes_ = 0;
}

void agent_shelf::drop(const std::string& address) {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return;
  bytes_ -= found->second.state.bytes;
  order_.erase(found->second.place);
  by_address_.erase(found);
}

}  // namespace mcp::cluster
