#include "core/supervision_tree.hpp"

#include "mcp/codec_described.hpp"

#include <algorithm>

namespace mcp::core {
namespace {

std::string in_quotes(std::string_view name) {
  return "\"" + std::string{name} + "\"";
}

/// At most `max_stop_reason_bytes`, and no half of a character.
std::string cut_reason(std::string text) {
  if (text.size() <= max_stop_reason_bytes) return text;
  auto size = max_stop_reason_bytes;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  text.resize(size);
  return text;
}

}  // namespace

supervision_tree::supervision_tree(const std::vector<supervisor>& trees) {
  for (const auto& one : trees) add(one, none);
}

void supervision_tree::add(const supervisor& what, std::size_t parent) {
  const auto self = supervisors_.size();
  supervisors_.emplace_back();
  supervisors_by_name_.emplace(what.name, self);
  node made;
  made.parent = parent;
  made.types.first = types_.size();
  made.told.name = what.name;
  made.told.strategy = what.strategy;
  made.told.limit = what.limit;
  if (parent != none) made.told.parent = supervisors_[parent].told.name;
  supervisors_[self] = made;
  for (const auto& child : what.children) {
    if (const auto* below = child.below()) {
      supervisors_[self].told.children.push_back(below->name);
      add(*below, self);
    } else {
      supervisors_[self].told.children.push_back(child.type());
      types_by_name_.emplace(child.type(), types_.size());
      types_.emplace_back(child.type(), self);
    }
  }
  supervisors_[self].types.last = types_.size();
  supervisors_[self].end = supervisors_.size();
}

supervision_decision supervision_tree::failed(std::string_view type, const std::string& key,
                                              const error& why, instant now) {
  forget_old(now);
  const auto found = types_by_name_.find(type);
  if (found == types_by_name_.end() || stopped(type, key)) return {};
  range child{found->second, found->second + 1};
  auto cause = "agent " + in_quotes(std::string{type} + "/" + key) + " failed: " + why.message();
  std::vector<std::string> gave_up;
  for (auto at = types_[found->second].second;;) {
    supervision_decision decided;
    auto& by = supervisors_[at];
    if (within(at, key, now)) {
      decided = restart(at, child, key, cause);
    } else {
      ++by.told.gave_up;
      gave_up.push_back(by.told.name);
      const auto& limit = by.told.limit;
      cause = "supervisor " + in_quotes(by.told.name) + " gave up (more than " +
              std::to_string(limit.intensity) + " restarts within " +
              std::to_string(limit.period.count()) + " ms), after " + cause;
      for (auto i = at; i < by.end; ++i) forget({i, key});
      if (by.parent != none) {
        child = by.types;
        at = by.parent;
        continue;
      }
      decided = give_up(at, key, std::move(cause));
    }
    decided.gave_up = std::move(gave_up);
    return decided;
  }
}

/// Counts one more restart; true when that is within the supervisor's intensity.
bool supervision_tree::within(std::size_t supervisor, const std::string& key, instant now) {
  const team which{supervisor, key};
  const auto& limit = supervisors_[supervisor].told.limit;
  auto found = windows_.find(which);
  if (found == windows_.end()) {
    if (windows_.size() >= max_restart_windows) {
      const auto first = forgotten_next_.begin()->second;
      forget(first);
    }
    found = windows_.emplace(which, counted_team{{limit.intensity, limit.period}}).first;
  } else {
    forgotten_next_.erase({found->second.over, which});
  }
  found->second.over = now + limit.period;
  forgotten_next_.emplace(found->second.over, which);
  return found->second.restarts.allow(now);
}

void supervision_tree::forget(const team& which) {
  const auto found = windows_.find(which);
  if (found == windows_.end()) return;
  forgotten_next_.erase({found->second.over, which});
  windows_.erase(found);
}

void supervision_tree::forget_old(instant now) {
  while (!forgotten_next_.empty() && forgotten_next_.begin()->first < now) {
    windows_.erase(forgotten_next_.begin()->second);
    forgotten_next_.erase(forgotten_next_.begin());
  }
}

supervision_decision supervision_tree::restart(std::size_t by, range child, const std::string& key,
                                               const std::string& cause) {
  auto& which = supervisors_[by];
  auto what = child;
  if (which.told.strategy != restart_strategy::one_for_one) what.last = which.types.last;
  if (which.told.strategy == restart_strategy::one_for_all) what.first = which.types.first;
  ++which.told.restarts;
  for (auto i = by + 1; i < which.end; ++i) {
    const auto& below = supervisors_[i].types;
    if (below.first >= what.first && below.last <= what.last) forget({i, key});
  }
  return {.what = supervision_decision::verb::restart,
          .types = names_of(what, key),
          .reason = {errc::agent_restarted, cut_reason("supervisor " + in_quotes(which.told.name) +
                                                       " restarted the agent, after " + cause)}};
}

supervision_decision supervision_tree::give_up(std::size_t top, const std::string& key,
                                               std::string cause) {
  supervision_decision decided{.what = supervision_decision::verb::stop,
                               .types = names_of(supervisors_[top].types, key),
                               .reason = {errc::agent_stopped, cut_reason(std::move(cause))}};
  decided.recorded = stops_.size() < max_tree_stops;
  if (decided.recorded) stops_[{top, key}] = {decided.reason.message(), {}};
  return decided;
}

/// Types without those below a stopped supervisor.
std::vector<std::string> supervision_tree::names_of(range of, const std::string& key) const {
  std::vector<std::string> result;
  for (auto i = of.first; i < of.last; ++i) {
    const auto& name = types_[i].first;
    if (!stopped(name, key)) result.push_back(name);
  }
  return result;
}

const supervision_tree::stop_entry* supervision_tree::find_stop(std::size_t supervisor,
                                                                const std::string& key) const {
  auto found = stops_.find({supervisor, {}});
  if (found == stops_.end()) found = stops_.find({supervisor, key});
  return found == stops_.end() ? nullptr : &found->second;
}

std::optional<error> supervision_tree::stopped(std::string_view type,
                                               const std::string& key) const {
  const auto found = types_by_name_.find(type);
  if (stops_.empty() || found == types_by_name_.end()) return std::nullopt;
  for (auto at = types_[found->second].second; at != none; at = supervisors_[at].parent) {
    if (const auto* stop = find_stop(at, key)) return error{errc::agent_stopped, stop->reason};
  }
  return std::nullopt;
}

std::size_t supervision_tree::known(std::string_view name) const {
  const auto found = supervisors_by_name_.find(name);
  if (found != supervisors_by_name_.end()) return found->second;
  std::vector<std::string_view> all;
  for (const auto& [one, index] : supervisors_by_name_) all.emplace_back(one);
  throw error{errc::invalid_argument,
              "no supervisor " + in_quotes(name) + detail::suggestion(name, all)};
}

std::uint32_t supervision_tree::take_slot() {
  if (free_slots_.empty()) return slots_++;
  const auto slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

stop_change supervision_tree::stop(std::string_view name, const std::string& key,
                                   std::string reason) {
  const auto at = known(name);
  auto found = stops_.find({at, key});
  if (found == stops_.end()) {
    if (stops_.size() >= max_tree_stops) {
      throw error{errc::overloaded, std::to_string(max_tree_stops) +
                                        " stops of supervisors: end some with revive_tree"};
    }
    found = stops_.emplace(team{at, key}, stop_entry{}).first;
  }
  auto& stop = found->second;
  stop.reason = cut_reason(std::move(reason));
  if (!stop.slot) stop.slot = take_slot();
  stop_change change{.writes = {{*stop.slot, std::string{name}, key, stop.reason}},
                     .changed = true};
  for (auto i = supervisors_[at].types.first; i < supervisors_[at].types.last; ++i) {
    change.types.push_back(types_[i].first);
  }
  return change;
}

void supervision_tree::end_stop(std::map<team, stop_entry>::iterator which, stop_change& change) {
  change.changed = true;
  if (const auto slot = which->second.slot) {
    change.writes.push_back({.slot = *slot});
    free_slots_.push_back(*slot);
  }
  stops_.erase(which);
}

stop_change supervision_tree::revive(std::string_view name, const std::string& key) {
  const auto at = known(name);
  stop_change change;
  for (auto one = stops_.lower_bound({at, {}});
       one != stops_.end() && one->first.first < supervisors_[at].end;) {
    const auto here = one++;
    if (key.empty() || here->first.second == key) end_stop(here, change);
  }
  if (!change.changed) return change;
  for (auto i = supervisors_[at].types.first; i < supervisors_[at].types.last; ++i) {
    change.types.push_back(types_[i].first);
  }
  return change;
}

stop_change supervision_tree::revive_team(std::string_view type, const std::string& key) {
  stop_change change;
  const auto found = types_by_name_.find(type);
  if (found == types_by_name_.end()) return change;
  auto given_up = stops_.end();
  for (auto at = types_[found->second].second; at != none; at = supervisors_[at].parent) {
    const auto* held = find_stop(at, key);
    if (held == nullptr) continue;
    if (held->slot) return change;
    given_up = stops_.find({at, key});
  }
  if (given_up == stops_.end()) return change;
  const auto all = supervisors_[given_up->first.first].types;
  end_stop(given_up, change);
  change.types = names_of(all, key);
  return change;
}

std::vector<std::string> supervision_tree::restore(const std::vector<stop_record>& stored) {
  std::vector<std::string> unknown;
  std::set<std::uint32_t> used;
  for (const auto& one : stored) {
    slots_ = std::max(slots_, one.slot + 1);
    if (one.supervisor.empty()) continue;
    used.insert(one.slot);
    const auto found = supervisors_by_name_.find(one.supervisor);
    if (found == supervisors_by_name_.end()) {
      unknown.push_back(one.supervisor);
    } else {
      stops_[{found->second, one.key}] = {one.reason, one.slot};
    }
  }
  for (auto slot = slots_; slot > 0; --slot) {
    if (!used.contains(slot - 1)) free_slots_.push_back(slot - 1);
  }
  return unknown;
}

std::vector<supervisor_status> supervision_tree::status(std::size_t most) const {
  std::vector<supervisor_status> result;
  for (const auto& one : supervisors_) result.push_back(one.told);
  for (const auto& [where, stop] : stops_) {
    auto& told = result[where.first];
    ++told.stopped;
    if (most == 0) continue;
    --most;
    told.stops.push_back({where.second, stop.reason, !stop.slot});
  }
  return result;
}

}  // namespace mcp::core
