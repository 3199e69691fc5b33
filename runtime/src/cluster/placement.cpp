#include "cluster/placement.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <tuple>

namespace mcp::cluster {
namespace {

constexpr std::size_t most_named = 10;  ///< members in the text of an error

bool is_free(const placement::member_view& member) {
  return !member.draining && member.tasks.size() < member.offer.slots;
}

/// Whether `a` has less of what it can do at work than `b`; of equals who waits longer.
bool rather(const placement::member_view& a, const placement::member_view& b) {
  const auto left = a.tasks.size() * b.offer.slots;
  const auto right = b.tasks.size() * a.offer.slots;
  return left != right ? left < right : a.last_placed < b.last_placed;
}

std::string listed(const std::vector<std::string>& words) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return all;
}

/// Whether all of these are among those.
bool has_all(const std::map<std::string, std::string>& those,
             const std::map<std::string, std::string>& these) {
  return std::all_of(these.begin(), these.end(), [&](const auto& one) {
    const auto found = those.find(one.first);
    return found != those.end() && found->second == one.second;
  });
}

/// Versions are like 1.2.3, perhaps with more behind: "-" makes one earlier, and the rest is text.
auto order_of(const std::string& version) {
  std::vector<unsigned long> numbers;
  const char* at = version.c_str();
  while (std::isdigit(static_cast<unsigned char>(*at)) != 0) {
    char* end = nullptr;
    numbers.push_back(std::strtoul(at, &end, 10));
    at = *end == '.' ? end + 1 : end;
  }
  return std::tuple{std::move(numbers), *at != '-', std::string{at}};
}

}  // namespace

bool task_demand::fits(const member_offer& offer) const {
  const auto has_plugin = [&](const std::string& plugin) { return offer.plugins.contains(plugin); };
  return (offer.agents || !agents) && std::all_of(plugins.begin(), plugins.end(), has_plugin) &&
         has_all(offer.versions, versions) && has_all(offer.labels, labels);
}

std::string task_demand::text() const {
  std::vector<std::string> needs;
  for (const auto& plugin : plugins) {
    const auto version = versions.find(plugin);
    needs.push_back("the plugin \"" + plugin + "\"" +
                    (version == versions.end() ? "" : " in version " + version->second));
  }
  if (agents) needs.push_back("agents");
  for (const auto& [name, content] : labels) needs.push_back("the label " + name + "=" + content);
  return needs.empty() ? "a place for tasks" : listed(needs);
}

void placement::join(member_id member, std::string name, member_offer offer, instant now) {
  if (members_.size() >= limits_.members) {
    throw error{errc::overloaded,
                "there are " + std::to_string(limits_.members) + " members, as many as may be"};
  }
  if (offer.slots == 0) throw error{errc::invalid_argument, "a member without slots"};
  if (!members_.try_emplace(member, member_view{std::move(name), std::move(offer)}).second) {
    throw error{errc::invalid_argument, "the member is there already"};
  }
  judge_hopes(now);
  fill(member);
}

void placement::leave(member_id member, instant now) {
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  const auto gone = std::move(found->second);
  members_.erase(found);
  std::set<std::string> freed;
  for (const auto task : gone.tasks) {
    const auto& demand = tasks_.at(task).demand;
    uncount(demand, member);
    freed.insert(demand.limited);
  }
  for (const auto task : gone.tasks) {
    auto& state = tasks_.at(task);
    state.member = 0;
    if (++state.moves > limits_.moves) {
      reject(task, errc::member_lost,
             "the task lost " + std::to_string(state.moves) + " workers, the last was \"" +
                 gone.name + "\"");
    } else if (const auto other = best_member(state.demand)) {
      put(task, state, other);
    } else {
      wait(task, state, now);
    }
  }
  for (const auto& limited : freed) fill_limited(limited);
  judge_hopes(now);
}

void placement::drain(member_id member, instant now) {
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  found->second.draining = true;
  judge_hopes(now);
}

void placement::submit(task_id task, task_demand demand, instant now, member_id rather) {
  auto& state = tasks_[task];
  state.demand = std::move(demand);
  if (const auto known = members_.find(rather); known != members_.end() && is_free(known->second) &&
                                                state.demand.fits(known->second.offer) &&
                                                admits(state.demand, rather)) {
    return put(task, state, rather);
  }
  // Who waits with the same demand goes first, and there is none when somebody is free.
  if (const auto member = best_member(state.demand)) return put(task, state, member);
  wait(task, state, now);
}

void placement::finish(task_id task) {
  const auto found = tasks_.find(task);
  if (found == tasks_.end()) return;
  const auto member = found->second.member;
  const auto demand = std::move(found->second.demand);
  tasks_.erase(found);
  if (member == 0) return leave_queue(task, demand);
  members_.at(member).tasks.erase(task);
  uncount(demand, member);
  fill(member);
  fill_limited(demand.limited);
}

void placement::tick(instant now) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    // A refusal may remove the queue.
    const auto next = std::next(at);
    for (auto until = end_of_patience(at->second); until && *until <= now;) {
      const auto last = at->second.tasks.size() == 1;
      const auto task = *at->second.tasks.begin();
      const auto demand = at->first;
      leave_queue(task, demand);
      reject(task, errc::no_member,
             "no member offers " + demand.text() + "; there are: " + who_is_here());
      if (last) break;
      until = end_of_patience(at->second);
    }
    at = next;
  }
}

std::optional<instant> placement::wake() const {
  std::optional<instant> first;
  for (const auto& [demand, tasks] : waiting_) {
    const auto until = end_of_patience(tasks);
    if (until && (!first || *until < *first)) first = until;
  }
  return first;
}

placement::member_id placement::member_of(task_id task) const {
  const auto found = tasks_.find(task);
  return found == tasks_.end() ? 0 : found->second.member;
}

std::optional<std::string> placement::newest_version(const std::string& plugin,
                                                     const task_demand& demand) const {
  std::optional<std::string> newest;
  for (const auto& [id, member] : members_) {
    if (member.draining || !demand.fits(member.offer)) continue;
    const auto found = member.offer.versions.find(plugin);
    const auto version = found == member.offer.versions.end() ? std::string{} : found->second;
    if (!newest || order_of(*newest) < order_of(version)) newest = version;
  }
  return newest;
}

std::vector<placement::want> placement::wants() const {
  std::vector<want> all;
  for (const auto& [demand, tasks] : waiting_) {
    if (tasks.hopeless) all.push_back({demand.text(), tasks.tasks.size(), *tasks.hopeless});
  }
  return all;
}

std::string placement::want_of(task_id task) const {
  const auto found = tasks_.find(task);
  if (found == tasks_.end() || found->second.member != 0) return {};
  const auto& demand = found->second.demand;
  return waiting_.at(demand).hopeless ? demand.text() : std::string{};
}

placement::member_id placement::best_member(const task_demand& demand) const {
  member_id best = 0;
  const member_view* view = nullptr;
  for (const auto& [id, member] : members_) {
    if (!is_free(member) || !demand.fits(member.offer) || !admits(demand, id)) continue;
    if (view != nullptr && !rather(member, *view)) continue;
    best = id;
    view = &member;
  }
  return best;
}

bool placement::admits(const task_demand& demand, member_id member) const {
  if (demand.limited.empty()) return true;
  const auto at_work = limited_.find(demand.limited);
  if (at_work == limited_.end()) return true;
  const auto here = at_work->second.find(member);
  if (here != at_work->second.end()) {
    return demand.max_in_flight == 0 || here->second < demand.max_in_flight;
  }
  return demand.replicas == 0 || at_work->second.size() < demand.replicas;
}

void placement::uncount(const task_demand& demand, member_id member) {
  if (demand.limited.empty()) return;
  const auto at_work = limited_.find(demand.limited);
  const auto here = at_work->second.find(member);
  if (--here->second == 0) at_work->second.erase(here);
  if (at_work->second.empty()) limited_.erase(at_work);
}

bool placement::has_hope(const task_demand& demand) const {
  return std::any_of(members_.begin(), members_.end(), [&](const auto& one) {
    return !one.second.draining && demand.fits(one.second.offer);
  });
}

void placement::put(task_id task, task_state& state, member_id member) {
  auto& view = members_.at(member);
  view.tasks.insert(task);
  view.last_placed = ++placements_;
  state.member = member;
  if (!state.demand.limited.empty()) ++limited_[state.demand.limited][member];
  actions_.emplace_back(place{task, member});
}

void placement::wait(task_id task, task_state& state, instant now) {
  state.came = now;
  const auto [at, is_new] = waiting_.try_emplace(state.demand);
  if (is_new && !has_hope(state.demand)) at->second.hopeless = now;
  at->second.tasks.insert(task);
  ++waiting_count_;
}

void placement::leave_queue(task_id task, const task_demand& demand) {
  const auto at = waiting_.find(demand);
  at->second.tasks.erase(task);
  --waiting_count_;
  if (at->second.tasks.empty()) waiting_.erase(at);
}

void placement::fill(member_id member) {
  const auto& view = members_.at(member);
  while (is_free(view)) {
    const std::pair<const task_demand, queue>* oldest = nullptr;
    for (const auto& one : waiting_) {
      if (!one.first.fits(view.offer) || !admits(one.first, member)) continue;
      if (oldest == nullptr || *one.second.tasks.begin() < *oldest->second.tasks.begin()) {
        oldest = &one;
      }
    }
    if (oldest == nullptr) return;
    const auto task = *oldest->second.tasks.begin();
    auto& state = tasks_.at(task);
    leave_queue(task, state.demand);
    put(task, state, member);
  }
}

void placement::fill_limited(const std::string& limited) {
  if (limited.empty()) return;
  for (bool placed = true; placed;) {
    placed = false;
    for (const auto& [demand, queue] : waiting_) {
      const auto member = demand.limited == limited ? best_member(demand) : member_id{0};
      if (member == 0) continue;
      const auto task = *queue.tasks.begin();
      auto& state = tasks_.at(task);
      leave_queue(task, state.demand);  // may end the queue
      put(task, state, member);
      placed = true;
      break;
    }
  }
}

void placement::judge_hopes(instant now) {
  for (auto& [demand, tasks] : waiting_) {
    if (has_hope(demand)) {
      tasks.hopeless.reset();
    } else if (!tasks.hopeless) {
      tasks.hopeless = now;
    }
  }
}

void placement::reject(task_id task, errc code, std::string why) {
  tasks_.erase(task);
  actions_.emplace_back(refuse{task, error{code, std::move(why)}});
}

std::optional<instant> placement::end_of_patience(const queue& tasks) const {
  if (!tasks.hopeless) return std::nullopt;
  const auto& first = tasks_.at(*tasks.tasks.begin());
  const auto patience =
      first.demand.patience.count() > 0 ? first.demand.patience : limits_.patience;
  return std::max(*tasks.hopeless, first.came) + patience;
}

std::string placement::who_is_here() const {
  if (members_.empty()) return "none";
  std::vector<std::string> names;
  for (const auto& [id, member] : members_) {
    if (names.size() == most_named) {
      names.push_back(std::to_string(members_.size() - most_named) + " more");
      break;
    }
    names.push_back("\"" + member.name + (member.draining ? "\" (draining)" : "\""));
  }
  return listed(names);
}

}  // namespace mcp::cluster
