#pragma once

#include "actors/crew.hpp"
#include "actors/run_actor.hpp"
#include "actors/store_watch.hpp"
#include "actors/store_writer.hpp"
#include "actors/sweeper.hpp"
#include "mcp/executor_base.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace mcp::actors {

/// What stands behind an executor: the crew of its graph, the runs under way and the way to the
/// store. Safe from several threads.
class engine {
 public:
  engine(std::shared_ptr<const graph_plan> plan, executor_options options);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Starts a run and waits for its end, working on it meanwhile.
  run_result_info run(state_pointer fresh, std::vector<channel_write> input, run_options options);
  /// Starts a run; returns once it is accepted.
  std::shared_ptr<live_run> start(state_pointer fresh, std::vector<channel_write> input,
                                  run_options options);
  std::shared_ptr<live_run> resume(const std::string& thread_id,
                                   std::map<std::string, std::string> answers, run_options options);
  thread_state_base state(const std::string& thread_id, std::optional<checkpoint_id> at,
                          const std::string& ns);
  std::vector<checkpoint_entry> history(const std::string& thread_id, const history_query& query,
                                        const std::string& ns);
  std::vector<std::string> namespaces(const std::string& thread_id) const {
    return store().namespaces(thread_id);
  }
  checkpoint_id update_state(const std::string& thread_id, node_result change,
                             const std::string& as_node);
  checkpoint_id fork(const std::string& thread_id, checkpoint_id at);
  bool cancel(const std::string& thread_id, const std::string& reason);
  void hand_over(bool now);
  std::shared_ptr<live_run> find(const std::string& thread_id) const;
  [[nodiscard]] const std::vector<std::shared_ptr<live_run>>& recovered() const noexcept {
    return recovered_;
  }
  [[nodiscard]] const graph_plan& plan() const noexcept { return *plan_; }
  [[nodiscard]] crew& team() noexcept { return *team_; }
  [[nodiscard]] runtime& owner() noexcept { return *runtime_; }

 private:
  std::vector<std::shared_ptr<live_run>> recover();
  void recover_more();
  std::shared_ptr<live_run> recover_run(const run_record& run);
  /// After the store has said that others have this process's threads.
  void abandon_runs();
  void stop_runs(control_message::kind how, const std::shared_ptr<error>& reason);
  [[nodiscard]] std::shared_ptr<thread_claim> make_claim(const std::string& thread_id);
  std::string random_id();
  class thread_hold;
  void take_thread(const std::string& thread_id, std::shared_ptr<live_run> live);
  void await_thread(const std::string& thread_id, std::unique_lock<std::mutex>& lock);
  void give_back_thread(const std::string& thread_id) noexcept;
  std::shared_ptr<live_run> make_live(std::string run_id, const run_options& options) const;
  void replace_last_run(const std::string& thread_id, const std::string& why,
                        std::vector<store_write>& writes);
  run_order make_order(const std::shared_ptr<live_run>& live, const run_options& options,
                       run_usage used);
  void launch(const std::shared_ptr<live_run>& live, run_order order, lent_thread* host = nullptr);
  std::shared_ptr<live_run> prepare(state_pointer fresh, std::vector<channel_write> input,
                                    run_options options, lent_thread* host);
  bool has_timeouts_ = false;
  checkpoint_store& store() const;
  stored_checkpoint load(const std::string& thread_id, std::optional<checkpoint_id> at,
                         const std::string& ns) const;
  /// Options as they are stored with a run that begins now.
  std::string body_of(const run_options& options) const;
  /// Throws `unknown_version` for a run that is pinned to another one.
  void check_version(const run_record& run) const;
  /// The state of a thread for a new run, moved to this version if need be; `at` follows.
  state_pointer take_state(const std::string& thread_id, const stored_checkpoint& stored,
                           core::log_position& at);
  void go_on(const std::shared_ptr<live_run>& live, const run_record& run, run_options options,
             const stored_checkpoint& stored, const std::map<std::string, std::string>& answers);
  const graph_plan& plan_of(const std::string& ns) const;

  std::shared_ptr<engine_life> life_;
  std::shared_ptr<const graph_plan> plan_;
  executor_options options_;
  std::shared_ptr<runtime> runtime_;
  breaker_table breakers_;
  writer_lease writer_;
  std::shared_ptr<census> census_ = std::make_shared<census>();
  std::unique_ptr<crew> team_;
  /// How long who wants a thread waits for the last write of a run on it that has ended.
  static constexpr milliseconds longest_last_write{5'000};

  mutable std::mutex mutex_;
  std::condition_variable given_back_;
  /// Threads that are taken: by a run, or, with null, by an edit or a run that is being prepared.
  std::unordered_map<std::string, std::shared_ptr<live_run>> threads_;
  std::vector<std::shared_ptr<live_run>> recovered_;  ///< by the constructor
  std::unordered_set<std::string> unrecoverable_;     ///< run ids, of which was said why
  bool stopping_ = false;
  std::optional<control_message::kind> ending_{};  ///< how those that have begun meanwhile end
  std::unique_ptr<store_watch> watch_;
  std::unique_ptr<sweeper> sweeper_;
};

}  // namespace mcp::actors
