#include "cluster/state_shipper.hpp"

#include <algorithm>

namespace mcp::cluster {

state_shipper::number state_shipper::use(const void* object, const std::string& run,
                                         const std::function<state_fields()>& encode) {
  if (const auto known = by_object_.find(object); known != by_object_.end()) {
    ++states_.at(known->second).uses;
    return known->second;
  }
  auto fields = encode();
  const auto fresh = ++last_;
  states_.emplace(fresh,
                  kept_state{.object = object, .run = run, .fields = std::move(fields), .uses = 1});
  by_object_[object] = fresh;
  replace_newest(run, fresh);
  return fresh;
}

void state_shipper::replace_newest(const std::string& run, number fresh) {
  const auto [place, is_new] = newest_.try_emplace(run, fresh);
  if (is_new) {
    order_.push_back(run);
    if (newest_.size() > runs_) forget_oldest_run();
    return;
  }
  const auto before = std::exchange(place->second, fresh);
  auto& base = states_.at(before);
  states_.at(fresh).base = before;
  if (const auto older = std::exchange(base.base, 0); older != 0) drop_unused(older);
}

void state_shipper::release(number state) {
  const auto found = states_.find(state);
  if (found == states_.end() || --found->second.uses > 0) return;
  by_object_.erase(found->second.object);
  drop_unused(state);
}

/// Unless a task uses it, or it is the newest of its run or the one before.
void state_shipper::drop_unused(number state) {
  const auto found = states_.find(state);
  if (found == states_.end() || found->second.uses > 0) return;
  if (const auto newest = newest_.find(found->second.run); newest != newest_.end()) {
    if (newest->second == state || states_.at(newest->second).base == state) return;
  }
  for (const auto member : found->second.at) forgotten_.emplace_back(member, state);
  states_.erase(found);
}

void state_shipper::forget_oldest_run() {
  const auto run = std::move(order_.front());
  order_.pop_front();
  const auto newest = newest_.extract(run).mapped();
  auto& state = states_.at(newest);
  const auto base = std::exchange(state.base, 0);
  drop_unused(newest);
  if (base != 0) drop_unused(base);
}

std::optional<state_message> state_shipper::before_task(member_id member, number state) {
  auto& wanted = states_.at(state);
  if (!wanted.at.insert(member).second) return std::nullopt;
  state_message made{.state = state};
  const auto base = states_.find(wanted.base);
  const bool known = base != states_.end() && base->second.at.contains(member) &&
                     base->second.fields.size() == wanted.fields.size();
  if (known) made.base = wanted.base;
  for (std::size_t i = 0; i < wanted.fields.size(); ++i) {
    const auto& field = *wanted.fields[i];
    if (!known || *base->second.fields[i] != field) made.fields.push_back({i, field});
  }
  return made;
}

void state_shipper::leave(member_id member) {
  for (auto& [number, state] : states_) state.at.erase(member);
  std::erase_if(forgotten_, [&](const auto& one) { return one.first == member; });
}

void state_shelf::put(const state_message& message) {
  state_fields fields;
  if (message.base != 0) fields = at(message.base);
  for (const auto& one : message.fields) {
    // The first state of a run comes with its fields one after the other.
    if (one.index > fields.size() || (message.base != 0 && one.index == fields.size())) {
      throw error{errc::malformed_answer, "a state has a field that is not its next"};
    }
    auto content = std::make_shared<const std::string>(one.bytes);
    if (one.index == fields.size()) {
      fields.push_back(std::move(content));
    } else {
      fields[one.index] = std::move(content);
    }
  }
  if (!states_.emplace(message.state, std::move(fields)).second) {
    throw error{errc::malformed_answer, "a state is sent twice"};
  }
}

const state_fields& state_shelf::at(std::uint64_t state) const {
  const auto found = states_.find(state);
  if (found != states_.end()) return found->second;
  throw error{errc::malformed_answer, "a state is named that was not sent"};
}

}  // namespace mcp::cluster
