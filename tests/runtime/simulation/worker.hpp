#pragma once

#include "runtime/simulation/server.hpp"

namespace mcp::simulation {

/// The world outside: how often each effect has happened.
using outside = std::map<std::string, int>;

/// A worker, joined to every server, as the worker's actor does it.
class worker final : public process {
 public:
  worker(world& around, host on, std::vector<server*> servers, std::string name, outside& effects,
         database& notes);

  void speak(std::uint64_t version) noexcept { version_ = version; }
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  /// Ends once its tasks have, and starts anew with that version.
  void upgrade(std::uint64_t version);
  [[nodiscard]] std::size_t done() const noexcept { return done_; }
  [[nodiscard]] std::size_t most_under_way() const noexcept { return most_under_way_; }

 private:
  struct session {
    server* to = nullptr;
    std::uint64_t incarnation = 0;
    std::optional<cluster::delivery_link> link{};
    std::uint64_t server_incarnation = 0;
    std::shared_ptr<connection> way{};
    milliseconds wait{0};
    std::deque<std::string> outbox{};
    cluster::state_shelf states{};
    std::map<std::uint64_t, cluster::task_message> tasks{};
    std::optional<instant> wakes{};
  };

  void started() override;
  void killed() override;
  void start_anew(session& of);
  void dial(session& of);
  void dial_later(session& of);
  void heard(session& of, const std::string& frame);
  void disconnect(session& of);
  void pump(session& of);
  void wake(session& of);
  void take(session& of, const std::string& bytes);
  void take_told(session& of, const cluster::told_message& told);
  void end(session& of, std::uint64_t task, bool good);
  void say(session& of, const cluster::worker_message& what);
  /// In this session's incarnation, and if it has the task still.
  void for_task(session& of, std::uint64_t task, instant in, std::function<void()> what);
  void end_if_idle();

  std::string name_;
  outside& effects_;
  database& notes_;
  std::uint64_t version_ = 1;
  std::optional<std::uint64_t> next_version_;
  std::vector<std::unique_ptr<session>> sessions_;
  std::size_t done_ = 0;
  std::size_t most_under_way_ = 0;
};

}  // namespace mcp::simulation
