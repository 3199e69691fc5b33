#include "cluster/membership.hpp"

#include <utility>

namespace mcp::cluster {

std::optional<membership::admission> membership::admit(const std::string& name,
                                                       std::uint64_t incarnation) {
  const auto gone = given_up_.find(name);
  if (gone != given_up_.end() && incarnation <= gone->second) return std::nullopt;
  admission made{.fresh = true};
  if (const auto known = find(name); known != 0) {
    const auto& there = members_.at(known);
    if (incarnation < there.incarnation) return std::nullopt;
    if (incarnation == there.incarnation) return admission{.member = known};
    if (!there.since) {
      throw error{errc::invalid_argument, "a member \"" + name + "\" is here already, at " +
                                              there.address + "; give each a name of its own"};
    }
    made.replaced = known;
  }
  if (members_.size() - (made.replaced != 0 ? 1 : 0) >= limits_.members) {
    throw error{errc::overloaded, "the cluster has " + std::to_string(members_.size()) +
                                      " members, as many as may be"};
  }
  made.member = ++last_;
  members_[made.member] = {.name = name, .incarnation = incarnation};
  by_name_[name] = made.member;
  return made;
}

void membership::connected(member_id id, std::string address) {
  auto& one = members_.at(id);
  one.address = std::move(address);
  one.since.reset();
}

void membership::disconnected(member_id id, instant now) {
  members_.at(id).since = now;
}

void membership::remove(member_id id) {
  const auto gone = members_.extract(id);
  const auto& one = gone.mapped();
  if (const auto named = by_name_.find(one.name); named->second == id) by_name_.erase(named);
  if (given_up_.size() >= limits_.given_up) given_up_.erase(given_up_.begin());
  given_up_[one.name] = one.incarnation;
}

std::vector<membership::member_id> membership::lost(instant now) const {
  std::vector<member_id> all;
  for (const auto& [id, one] : members_) {
    if (one.since && now - *one.since >= limits_.grace) all.push_back(id);
  }
  return all;
}

membership::member_id membership::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? 0 : found->second;
}

}  // namespace mcp::cluster
