#pragma once

#include "actors/agent_cell.hpp"
#include "actors/agent_metrics.hpp"
#include "actors/agent_supervision.hpp"
#include "actors/run_actor.hpp"
#include "actors/runtime.hpp"
#include "core/topic_table.hpp"
#include "mcp/agent_system.hpp"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mcp::actors {

/// What stands behind an agent system: the types, the directory of agents, and the topics. Safe
/// from several threads. Locks are taken in the order supervision, directory, cell, topics; that of
/// the tree of supervisors last.
class agent_hub final : public std::enable_shared_from_this<agent_hub> {
 public:
  explicit agent_hub(agent_system_options options);

  void add(agent_spec type);
  /// Once, when the types are there and before anything is sent.
  void supervise(const std::vector<supervisor>& trees);
  /// Wakes the agents of a type for which durable messages wait, and knows their topics again.
  void recover(const std::string& type);
  /// Waits for the agents; nothing is accepted any more.
  void shut_down();

  [[nodiscard]] runtime& owner() noexcept { return *runtime_; }
  /// Null without a store.
  [[nodiscard]] agent_log* log() noexcept { return log_.get(); }
  [[nodiscard]] const std::shared_ptr<census>& at_work() const noexcept { return at_work_; }

  /// Checks address, type and content.
  [[nodiscard]] core::agent_mail make_mail(std::string_view address, const agent_message& message,
                                           send_options how);
  /// Into the mailbox; wakes the agent. Throws when it is refused; then nobody else is told.
  void post(const std::string& address, core::agent_mail mail);
  /// The same; what is refused is counted.
  void post_or_count(const std::string& address, core::agent_mail mail) noexcept;
  /// With an asker: it hears of a refusal.
  void post_question(const std::string& address, core::agent_mail mail, milliseconds timeout);
  std::shared_ptr<ask_ticket> call(std::string_view address, const agent_message& message,
                                   milliseconds timeout, agent_system::answer_handler then,
                                   send_options how);
  agent_outcome wait_for(const std::string& address, core::agent_mail mail, milliseconds timeout);
  publish_report publish(std::string_view topic, const agent_message& message,
                         const std::string& sender);
  /// The same; who misses it is counted.
  void publish_or_count(std::string_view topic, const agent_message& message,
                        const std::string& sender) noexcept;
  void change_subscription(std::string_view address, std::string_view topic, bool on);
  void schedule(const std::string& address, core::agent_mail mail, milliseconds delay);
  void check_timers() const;

  void check_topic(const std::string& topic, const std::string& address) const;
  /// True when something changed.
  bool change_topics(const std::string& address,
                     const std::vector<std::pair<std::string, bool>>& changes);
  [[nodiscard]] std::vector<std::string> topics_of(std::string_view address) const;
  [[nodiscard]] std::size_t subscribers(std::string_view topic) const;

  void stop(std::string_view address, const std::string& reason);
  void stop_all(const error& reason);
  bool revive(std::string_view address);
  [[nodiscard]] agent_status status(std::string_view address);
  [[nodiscard]] agent_counts counts() const;
  [[nodiscard]] std::vector<std::string> types() const;
  void kill_actor(std::string_view address);

  // For cells.
  /// Lets an agent that agrees go to sleep, and keeps `saved` unless it is empty.
  [[nodiscard]] bool let_sleep(agent_cell& cell, std::string saved);
  /// The agent could not be loaded.
  void forget(const agent_cell& cell);
  [[nodiscard]] bool supervises(const std::string& type) const {
    return supervision_ && supervision_->has(type);
  }
  /// A failure that its supervisor decides on; returns when that is done.
  void failed(const agent_cell& cell, const error& why);
  /// The agent has stopped, and its supervisor wants more of it.
  void start_again(const agent_cell& cell, agent_cell::afterwards what);

  // For supervision.
  /// Throws when there are no supervisors, naming this one.
  [[nodiscard]] agent_supervision& supervision_of(std::string_view name) const;
  /// Throws on a thread of the runtime.
  void check_may_wait() const;
  /// Null when there are no supervisors.
  [[nodiscard]] agent_supervision* supervision() const noexcept { return supervision_.get(); }
  /// Makes an agent begin nothing before it was let go and has its initial state; wakes it if the
  /// store may know it. Null when there is nothing to let go.
  [[nodiscard]] std::shared_ptr<agent_cell> hold(const std::string& address, const error& reason);
  /// Agents of these types with an actor, or stopped, in the order of the types. An empty key: all.
  [[nodiscard]] std::vector<std::shared_ptr<agent_cell>> present(
      const std::vector<std::string>& types, const std::string& key);
  /// Lets a stopped agent start again, now or when it has stopped.
  void revive_soon(const agent_cell& cell);
  /// Wakes the agents for which durable messages wait. An empty key: all.
  void wake_waiting(const std::vector<std::string>& types, const std::string& key);
  void count_replaced(const std::string& type) {
    ++replaced_;
    metrics_.restarted(type);
  }
  /// Tells whoever waits for the message that it is not taken; counts it when nobody does.
  void refuse_mail(const std::string& address, core::agent_mail& mail, const error& reason) const;
  [[nodiscard]] const agent_metrics& metrics() const noexcept { return metrics_; }

 private:
  struct place {
    std::shared_ptr<agent_cell> cell{};
    std::string saved{};  ///< while asleep
  };
  struct shard {
    std::mutex mutex;
    std::unordered_map<std::string, place> places;
  };

  [[nodiscard]] shard& shard_of(std::string_view address);
  /// Null when there is none.
  [[nodiscard]] std::shared_ptr<const agent_spec> find_type(std::string_view name) const;
  /// Why its supervisors stopped it.
  [[nodiscard]] std::optional<error> stopped_by_tree(std::string_view address) const {
    return supervision_ ? supervision_->stopped(address) : std::nullopt;
  }
  [[nodiscard]] std::shared_ptr<const agent_spec> type_of(std::string_view address) const;
  [[nodiscard]] std::shared_ptr<agent_cell> find(std::string_view address);
  [[nodiscard]] std::shared_ptr<agent_cell> find_or_wake(const std::string& address);
  /// Unless its tree is stopped.
  void wake_if_allowed(const std::string& address);
  [[nodiscard]] std::shared_ptr<agent_cell> put_cell(shard& here, const agent_spec& type,
                                                     const std::string& address);
  void count_dead_letter(std::string_view address, errc why) const noexcept;
  void remove(shard& here, const agent_cell& cell, std::string saved);

  agent_system_options options_;  ///< but for the store, which the log owns
  const agent_metrics metrics_;
  std::shared_ptr<runtime> runtime_;
  std::unique_ptr<agent_log> log_;
  std::unique_ptr<agent_supervision> supervision_;
  std::shared_ptr<census> at_work_ = std::make_shared<census>();
  std::atomic<bool> stopping_{false};

  mutable std::shared_mutex types_mutex_;
  std::map<std::string, std::shared_ptr<const agent_spec>, std::less<>> types_;
  bool checked_ = false;  ///< types and supervisors against each other
  std::array<shard, 64> shards_;
  std::atomic<std::size_t> places_{0};
  std::atomic<std::size_t> awake_{0};  ///< places with a cell
  mutable std::mutex topics_mutex_;
  core::topic_table topics_;
  std::atomic<std::size_t> timers_{0};
  std::atomic<std::uint64_t> woken_{0};
  std::atomic<std::uint64_t> undelivered_{0};
  std::atomic<std::uint64_t> replaced_{0};
};

}  // namespace mcp::actors
