#pragma once

#include "actors/agent_log.hpp"
#include "core/supervision_tree.hpp"
#include "mcp/agent_system.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::actors {

class agent_cell;
class agent_hub;

/// The supervisors of an agent system: asks the tree what becomes of a failure, and does it before
/// the next one is looked at. Safe from several threads. Asked under the directory's lock it
/// answers what is stopped, and nothing else.
class agent_supervision {
 public:
  /// Reads what `stop_tree` stopped earlier. The trees have been checked.
  agent_supervision(agent_hub& hub, const std::vector<supervisor>& trees);

  [[nodiscard]] bool has(std::string_view type) const { return tree_.has(type); }
  void failed(const agent_cell& cell, const error& why);
  /// What was ordered for an agent that was on its way out; it is out.
  void start_again(const agent_cell& cell, bool restart);
  /// Wait for the store.
  void stop(std::string_view name, const std::string& key, std::string reason);
  bool revive(std::string_view name, const std::string& key);
  /// Of an agent whose team was given up; false when it was not.
  bool revive_team(std::string_view address);
  [[nodiscard]] std::optional<error> stopped(std::string_view address) const;
  [[nodiscard]] std::vector<supervisor_status> status(std::size_t most) const;

 private:
  using lock = std::lock_guard<std::mutex>;
  struct pending_write {
    std::future<void> done{};
    bool first = false;  ///< it makes the place for the others
  };

  struct refused_mail {
    std::string address{};
    core::agent_mail mail{};
  };

  void restart(const std::vector<std::string>& types, const std::string& key, const error& reason);
  [[nodiscard]] std::vector<refused_mail> halt(const std::vector<std::string>& types,
                                               const std::string& key, const error& reason);
  void say(const core::supervision_decision& decided, const std::string& key);
  /// The order is held. When what is returned is ready it is durable.
  [[nodiscard]] pending_write write(const std::vector<core::stop_record>& records);
  void wait_for(pending_write written);

  agent_hub& hub_;
  /// Held while something is decided and done; taken before the directory's.
  std::mutex order_;
  mutable std::mutex tree_mutex_;  ///< taken last
  core::supervision_tree tree_;
  std::atomic<bool> any_stopped_{false};
  std::atomic<std::uint64_t> gave_up_{0};
  agent_entry stored_;  ///< under `order_`
};

}  // namespace mcp::actors
