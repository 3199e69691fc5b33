#pragma once

#include "members/agent_task.hpp"
#include "members/cluster_worker.hpp"
#include "members/node_queue.hpp"
#include "members/worker_task.hpp"
#include "net/cluster_actor.hpp"
#include "net/sockets.hpp"
#include "net/tls.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/thread_pool.hpp>

namespace mcp::cluster {

struct worker_settings {
  std::string cluster{};
  std::string name{};
  socket_address server{};
  std::shared_ptr<tls_source> tls{};  ///< null: plain
  offer_message offer{};
  plugins_message plugins{};
  link_limits link{};
  std::chrono::milliseconds connect_within{2'000};
  std::chrono::milliseconds shortest_wait{100};  ///< before it tries to connect anew
  std::chrono::milliseconds longest_wait{5'000};
  std::size_t systems = 100;            ///< cluster files that are kept
  std::size_t messages_behind = 1'000;  ///< beyond, events of nodes are dropped
  /// Makes a system of its file; on a thread for errands.
  std::function<std::shared_ptr<const worker_system>(const system_message&)> load{};
  std::shared_ptr<span_sink> spans{};  ///< null: its tasks make none
};

/// The worker's actor: it owns the link to the server and the tasks.
class worker_actor final : public cluster_actor {
 public:
  /// `nodes` runs the nodes, `errands` connects and loads; both outlive the actor.
  worker_actor(caf::actor_config& config, worker_settings settings, node_queue& nodes,
               boost::asio::thread_pool& errands);

  caf::behavior make_behavior() override;
  void on_exit() override;

  // For `task_posted` only: on the actor's thread of control.
  [[nodiscard]] worker_status status() const;
  /// No more tasks: those it has are finished.
  void leave(const std::string& reason);

 private:
  void settled() override { pump(); }

  struct known_system {
    std::shared_ptr<const worker_system> ready{};
    std::optional<error> failed{};
    bool memory = false;     ///< its runs have a memory store, says the server
    std::uint64_t told = 0;  ///< when, among all that were told
    std::vector<std::function<void(const known_system&)>> waiting{};  ///< tasks
  };

  void start_anew();
  /// To a server that was met the first time.
  void introduce();
  void dial();
  void dial_later(const std::string& why);
  void opened(const pipe_opened& what);
  void arrived(const pipe_frames& what);
  void closed(const pipe_closed& what);
  void disconnect(const std::string& why);
  void pump();
  void lose_tasks();

  void take(const std::string& bytes);
  void take(system_message system);
  void forget_a_system();
  void take(const state_message& state) { states_.put(state); }
  void take(const forget_message& what) { states_.forget(what.state); }
  void take(task_message task);
  void take(trace_message trace);
  void take(const cancel_message& cancel);
  void take(told_message told);
  void take(agent_task_message message);
  void take(agent_answer_message answer);
  void take(const memory_message& what);
  void loaded(const std::string& hash, std::shared_ptr<const worker_system> made,
              std::optional<error> failed);
  /// `run` is given the system when it is there: at once, or later.
  void with_system(const std::string& hash, std::function<void(const known_system&)> run);
  void say(std::string bytes, bool may_be_dropped);
  [[nodiscard]] worker_outlet outlet(std::uint64_t task);
  [[nodiscard]] agent_task_surroundings surroundings(const std::string& address);
  [[nodiscard]] caf::actor me() { return caf::actor_cast<caf::actor>(this); }

  worker_settings settings_;
  node_queue& nodes_;
  boost::asio::thread_pool& errands_;
  std::uint64_t incarnation_ = 0;
  std::optional<delivery_link> link_;
  std::uint64_t server_incarnation_ = 0;
  caf::actor pipe_;
  bool dialling_ = false;
  std::chrono::milliseconds wait_{0};  ///< before the next try
  std::string trouble_;
  bool leaving_ = false;
  std::size_t done_ = 0;
  std::size_t dropped_ = 0;
  std::deque<std::string> outbox_;
  std::map<std::string, known_system> systems_;
  std::uint64_t last_told_ = 0;
  state_shelf states_;
  std::optional<trace_message> next_trace_;  ///< of the task that comes next
  std::unordered_map<std::uint64_t, std::shared_ptr<worker_task>> tasks_;
  std::unordered_map<std::uint64_t, std::shared_ptr<agent_task>> agent_tasks_;
  agent_shelf agent_states_;
};

}  // namespace mcp::cluster
