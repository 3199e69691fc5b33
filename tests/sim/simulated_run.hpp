#pragma once

#include "core/run_machine.hpp"
#include "sim/random_graph.hpp"

#include <deque>
#include <set>

namespace sim {

/// One run under a virtual clock, on a store that is slow, by a process that dies now and then. No
/// threads: what comes next is drawn from the seed.
class simulated_run final : public mcp::core::machine_ports {
 public:
  simulated_run(const graph& of, std::uint64_t seed);

  /// Runs to the end; throws std::runtime_error when a promise was broken.
  void run();
  [[nodiscard]] const state& reached() const { return reached_; }
  [[nodiscard]] std::int64_t step() const { return step_; }
  [[nodiscard]] int crashes() const { return crashes_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

  mcp::core::instant now() override { return now_; }
  mcp::store_time wall() override { return wall_; }
  std::uint64_t random() override { return random_(); }
  std::optional<mcp::error> charge(std::int64_t, std::int64_t) override { return std::nullopt; }
  mcp::run_usage usage() override { return {}; }

  /// `ctx.once`: what is known of an effect, and a result that is durable at once.
  std::optional<std::string> find_effect(const mcp::core::task& of, const std::string& key);
  void keep_effect(mcp::core::task& of, const std::string& key, const std::string& result);

 private:
  using commands = mcp::core::machine_commands;
  using task_pointer = mcp::core::task_pointer;
  struct attempt {
    task_pointer task{};
    std::uint64_t turn = 0;  ///< number of its dispatch
  };

  void next_event();
  void begin();
  void recover();
  void resume(const mcp::run_record& run);
  void go_on(const mcp::run_record& run, const std::map<std::string, std::string>& answers);
  void carry_out(commands& out);
  void complete(std::size_t index);
  void lose(std::size_t index);
  void late(std::size_t index);
  void persist(std::size_t batches);
  void tick();
  void crash();
  void note_durable(const std::vector<mcp::store_write>& batch);
  void end_of_process();
  [[nodiscard]] mcp::core::run_settings settings() const;
  [[nodiscard]] bool may_be_lost(const attempt& one) const;

  std::shared_ptr<const mcp::graph_plan> plan_;
  random_source random_;
  mcp::durability durability_;
  std::shared_ptr<mcp::checkpoint_store> store_ = mcp::in_memory_checkpoint_store();
  mcp::core::instant now_{1};
  mcp::store_time wall_{std::chrono::milliseconds{1'700'000'000'000}};

  // the process: gone with a crash
  std::unique_ptr<mcp::core::run_machine> machine_;
  std::deque<std::vector<mcp::store_write>> pending_;
  std::optional<std::size_t> hold_;  ///< batches until the machine's hold is over
  std::vector<attempt> running_;
  std::map<const mcp::core::task*, std::uint64_t> turns_;  ///< last dispatch of each task
  std::uint64_t last_turn_ = 0;
  std::vector<attempt> stray_;  ///< given up, or answered already: may still come
  std::optional<mcp::core::instant> wake_;

  // what must stay true whatever happens
  bool accepted_ = false;
  std::set<std::string> finished_tasks_;  ///< ids of tasks whose end is durable
  std::map<std::string, std::string> effects_;
  bool over_ = false;
  state reached_;
  std::int64_t step_ = 0;
  int crashes_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace sim
