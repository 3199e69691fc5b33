#pragma once

#include "runtime/simulation/world.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mcp::simulation {

constexpr milliseconds lease{4'000};

/// What runs do: steps of tasks, each with an effect. Their results follow from their numbers.
struct plan {
  static constexpr int steps = 3;
  static constexpr int tasks(int run, int step) { return 1 + (run + step) % 3; }
  static constexpr std::int64_t value(int run, int step, int task) {
    return run * 1'000 + step * 100 + task;
  }
  static std::int64_t result(int run);
};

/// The tables of docs/postgres.md, as far as leases, claims and the fence go. Its time is the
/// world's. What is not allowed to happen is noted at once.
class database {
 public:
  using server_id = std::int64_t;

  struct put_run {
    int run = 0;
  };
  struct put_effect {
    int run = 0;
    std::string key{};
    std::string result{};
  };
  struct put_step {
    int run = 0;
    int step = 0;
    std::int64_t value = 0;
  };
  struct end_run {
    int run = 0;
  };
  using write = std::variant<put_run, put_effect, put_step, end_run>;
  enum class outcome : std::uint8_t { committed, there, fenced, waits };

  struct run_row {
    int step = 0;
    std::int64_t value = 0;
    bool done = false;
  };

  database(world& around, host on) : world_(around), on_(on) {}

  // Statements, at the database.
  [[nodiscard]] server_id enter();
  [[nodiscard]] bool renew(server_id server);
  [[nodiscard]] std::vector<server_id> expired(server_id me) const;
  void end_session(server_id server);
  /// False: it lives; or its row is locked by a batch that was not ended.
  [[nodiscard]] bool remove(server_id server);
  void leave(server_id server);
  [[nodiscard]] std::vector<int> free_runs() const;
  /// Nothing: the server is gone.
  [[nodiscard]] std::optional<bool> claim(int run, server_id server);
  void release(int run, server_id server);
  [[nodiscard]] std::optional<std::uint64_t> batch_of(server_id server) const;
  [[nodiscard]] outcome commit(server_id server, std::uint64_t batch,
                               const std::vector<write>& writes);
  /// The first half of a batch: it holds the server's row until the second half comes.
  [[nodiscard]] outcome begin(server_id server, std::uint64_t batch);

  /// Tells all who listen that runs may be free.
  void tell();
  void listen(process& who, std::function<void()> told);

  // The way there.

  /// Does `what` at the database; then `then`, with false when the connection was lost before the
  /// answer, whether it was done or not.
  void ask(process& from, std::function<void()> what, std::function<void(bool)> then);
  void stall(instant time);
  /// Each statement takes up to so long.
  void slow_down(milliseconds most) { slowest_ = most; }
  void stop();
  void go_on() { up_ = true; }
  [[nodiscard]] host on() const noexcept { return on_; }

  // For who looks from outside.
  [[nodiscard]] const std::map<int, run_row>& runs() const noexcept { return runs_; }
  [[nodiscard]] std::size_t open_runs() const noexcept { return open_; }
  [[nodiscard]] bool has_server(server_id server) const { return servers_.contains(server); }
  [[nodiscard]] bool holds_half_a_batch(server_id server) const {
    return open_batches_.contains(server);
  }
  [[nodiscard]] std::size_t claims_of(server_id server) const;
  [[nodiscard]] const std::map<std::string, std::string>& effects() const noexcept {
    return effects_;
  }
  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }
  void note(const std::string& violation);
  [[nodiscard]] std::size_t batches() const noexcept { return batches_; }
  [[nodiscard]] std::size_t fenced() const noexcept { return fenced_; }
  [[nodiscard]] std::size_t taken_over() const noexcept { return taken_over_; }

 private:
  struct open_batch {
    std::uint64_t batch = 0;
    instant since{0};
  };
  void apply(server_id server, const write& what);
  void carry(host from, host to, instant until, std::function<void()> what,
             std::function<void()> failed);
  void execute(const std::shared_ptr<std::function<void()>>& what, std::uint64_t epoch,
               std::function<void(bool)> then, bool worked = false);
  [[nodiscard]] bool locked(server_id server);
  void forget(server_id server);

  world& world_;
  host on_;
  bool up_ = true;
  std::uint64_t epoch_ = 0;
  instant stalled_until_{0};
  milliseconds slowest_{1};

  server_id last_server_ = 0;
  std::map<server_id, instant> servers_;  ///< until when
  std::map<server_id, std::uint64_t> writers_;
  std::map<server_id, open_batch> open_batches_;
  std::map<int, server_id> claims_;
  std::map<int, run_row> runs_;
  std::map<std::string, std::string> effects_;
  std::size_t open_ = 0;
  std::size_t batches_ = 0;
  std::size_t fenced_ = 0;
  std::size_t taken_over_ = 0;
  std::vector<std::string> violations_;
  struct listener {
    process* who = nullptr;
    std::uint64_t life = 0;
    std::function<void()> told{};
  };
  std::vector<listener> listeners_;
};

}  // namespace mcp::simulation
