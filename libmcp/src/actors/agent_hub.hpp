#pragma once

#include "actors/agent_cell.hpp"
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
/// from several threads. Locks are taken in the order directory, cell, topics.
class agent_hub final : public std::enable_shared_from_this<agent_hub> {
 public:
  explicit agent_hub(agent_system_options options);

  void add(agent_spec type);
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
  void count_replaced() noexcept { ++replaced_; }

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
  [[nodiscard]] std::shared_ptr<const agent_spec> type_of(std::string_view address) const;
  [[nodiscard]] std::shared_ptr<agent_cell> find(std::string_view address);
  [[nodiscard]] std::shared_ptr<agent_cell> find_or_wake(const std::string& address);
  void remove(shard& here, const agent_cell& cell, std::string saved);

  agent_system_options options_;  ///< but for the store, which the log owns
  std::shared_ptr<runtime> runtime_;
  std::unique_ptr<agent_log> log_;
  std::shared_ptr<census> at_work_ = std::make_shared<census>();
  std::atomic<bool> stopping_{false};

  mutable std::shared_mutex types_mutex_;
  std::map<std::string, std::shared_ptr<const agent_spec>, std::less<>> types_;
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
