#pragma once

#include "runtime/simulation/database.hpp"
#include "runtime/simulation/desk.hpp"
#include "store/lease_rules.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mcp::simulation {

/// A server: its lease, its writer, its runs, and a desk for its members.
class server final : public process {
 public:
  server(world& around, host on, database& store, std::string name)
      : process(around, on), store_(store), name_(std::move(name)) {}

  void speak(std::uint64_t version) noexcept { version_ = version; }
  /// A client's new run. False: it takes none now.
  bool submit(int run, std::function<void()> accepted);
  /// A worker's connection.
  void accept(const std::shared_ptr<connection>& from);
  /// Ends in order.
  void leave();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool serves() const noexcept { return alive() && desk_ != nullptr; }
  [[nodiscard]] database::server_id id() const noexcept { return id_; }
  [[nodiscard]] std::size_t members() const noexcept { return desk_ ? desk_->members() : 0; }
  [[nodiscard]] std::size_t leases_lost() const noexcept { return lost_; }
  /// Messages to one member that waited for a place in its link.
  [[nodiscard]] std::size_t most_behind() const noexcept {
    return desk_ ? std::max(most_behind_, desk_->most_behind()) : most_behind_;
  }

 private:
  struct open_run {
    int step = 0;
    std::int64_t value = 0;
    std::map<std::string, std::string> effects{};  ///< those kept in this step
    int tasks = 0;                                 ///< that have not ended
    std::int64_t sum = 0;
  };
  struct batch {
    std::vector<database::write> writes{};
    std::vector<std::function<void()>> then{};
  };

  void started() override;
  void killed() override;
  void lose();

  void enter();
  void round();
  void judge(std::function<void()> then);
  void bury(std::vector<database::server_id> dead, bool any, std::function<void()> then);
  void look();
  void take(std::vector<int> free);
  void claim(int run, std::function<void(bool)> then);
  void load(int run);

  void write(database::write what, std::function<void()> then);
  void flush();
  void attempt(bool again);
  void settle(database::outcome what, bool again);
  void connect_again();

  void begin_step(int run);
  void submit_task(int run, int step, int index, std::shared_ptr<const int> state);
  void task_ended(const task_call& call, std::optional<std::int64_t> value);
  void end_step(int run);
  void finish(int run);
  void release(int run);

  database& store_;
  std::string name_;
  std::uint64_t version_ = 1;
  std::size_t lost_ = 0;
  std::size_t most_behind_ = 0;

  // Of one life.
  database::server_id id_ = 0;
  std::unique_ptr<store::lease_rules> rules_;
  std::unique_ptr<desk> desk_;
  bool looking_ = false;
  std::map<int, open_run> runs_;
  batch next_;
  batch now_;
  std::uint64_t number_ = 0;  ///< of the batch that is under way
  bool writing_ = false;
};

}  // namespace mcp::simulation
