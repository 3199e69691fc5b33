#include "members/dispatcher.hpp"

#include <utility>

#include <boost/asio/post.hpp>

// The dispatcher's part for the versions of plugins: a run goes on with those that its first tasks
// went to, on whatever server it goes on.

namespace mcp::cluster {

dispatcher::pinned_run& dispatcher::pins_of(const std::string& run_id) {
  const auto [at, fresh] = pins_.try_emplace(run_id);
  if (!fresh) return at->second;
  pinned_.push_back(run_id);
  for (auto tries = pinned_.size(); pins_.size() > limits_.pinned_runs && tries > 1; --tries) {
    const auto& oldest = pins_.at(pinned_.front());
    if (oldest.busy || !oldest.waiting.empty()) {
      pinned_.push_back(pinned_.front());
    } else {
      pins_.erase(pinned_.front());
    }
    pinned_.pop_front();
  }
  return pins_.at(run_id);
}

void dispatcher::submit_pinned(const std::string& run_id) {
  auto& run = pins_.at(run_id);
  while (!run.busy && !run.waiting.empty()) {
    const auto call = run.waiting.front();
    auto demand = call->demand;
    plugin_versions fresh;
    bool unpinned = false;
    for (const auto& plugin : demand.plugins) {
      if (const auto known = run.versions.find(plugin); known != run.versions.end()) {
        demand.versions.insert(*known);
        continue;
      }
      const auto newest = placement_.newest_version(plugin, demand);
      if (!newest) unpinned = true;
      if (newest && !newest->empty()) {
        demand.versions[plugin] = fresh[plugin] = *newest;
      }
    }
    if (!run.known || !fresh.empty()) return settle_pins(*call, std::move(fresh));
    run.waiting.pop_front();
    if (call->withdrawn.load(std::memory_order_acquire)) continue;
    submit({.call = call, .unpinned = unpinned, .errands = errands()}, std::move(demand), 0);
  }
}

void dispatcher::settle_pins(const remote_call& of, plugin_versions fresh) {
  pins_.at(of.head.run_id).busy = true;
  if (!keeper_) return settled_pins(of.head.run_id, fresh, {});
  boost::asio::post(
      errands_, [this, thread = of.head.thread_id, run = of.head.run_id, keep = keeper_,
                 fresh = std::move(fresh), self = caf::actor_cast<caf::actor>(this)] {
        plugin_versions versions;
        std::optional<error> failed;
        try {
          versions = keep(thread, run, fresh);
        } catch (const error& wrong) {
          failed = wrong;
        } catch (const std::exception& wrong) {
          failed = error{errc::store_failed, wrong.what()};
        }
        box()->post(self, [this, run, versions, failed] { settled_pins(run, versions, failed); });
      });
}

void dispatcher::settled_pins(const std::string& run_id, const plugin_versions& versions,
                              const std::optional<error>& failed) {
  auto& run = pins_.at(run_id);
  run.busy = false;
  if (failed) {
    for (const auto& call : std::exchange(run.waiting, {})) {
      static_cast<void>(call->reply->fail({.error = *failed}));
    }
    return;
  }
  run.known = true;
  run.versions.insert(versions.begin(), versions.end());
  submit_pinned(run_id);
}

}  // namespace mcp::cluster
