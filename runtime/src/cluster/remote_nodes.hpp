#pragma once

#include "cluster/placement.hpp"
#include "cluster/task_codec.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace mcp::cluster {

class remote_agent_call;

/// By name of a plugin that workers bring.
using plugin_versions = std::map<std::string, std::string>;
/// Pins a run of a thread to versions of plugins, for good: keeps those that are new, and returns
/// all that it is pinned to; of a plugin that it was pinned to before, the version from then.
/// Called on several threads, for a run on one; throws a store's errors.
using pin_keeper = std::function<plugin_versions(
    const std::string& thread_id, const std::string& run_id, const plugin_versions& fresh)>;

/// One attempt of a node that runs on a worker.
struct remote_call {
  task_demand demand{};
  task_message head{};        ///< without number, state and input
  std::string traceparent{};  ///< of the attempt; empty: it is in no trace
  node_input input{};
  std::shared_ptr<reply_port> reply{};
  std::shared_ptr<const input_types> inputs{};
  std::atomic<bool> withdrawn{false};
};

/// Who gets nodes run, and messages of agents handled, on workers. Safe from several threads.
class remote_nodes {
 public:
  remote_nodes() = default;
  remote_nodes(const remote_nodes&) = delete;
  remote_nodes& operator=(const remote_nodes&) = delete;
  virtual ~remote_nodes() = default;
  /// A cluster file whose nodes will be placed; `name` is for messages.
  virtual void add_system(std::string hash, std::string name, std::string text) = 0;
  /// One that was added has no more tasks. It is gone once it was removed as often as added.
  virtual void remove_system(std::string hash) = 0;
  /// Takes the call; it answers the reply, once, unless the call is withdrawn.
  virtual void submit(std::shared_ptr<remote_call> call) = 0;
  /// Nobody wants the call's result any more.
  virtual void withdraw(std::shared_ptr<remote_call> call) = 0;
  /// Takes the message; the call is told what becomes of it.
  virtual void submit(std::shared_ptr<remote_agent_call> call) = 0;
  virtual void withdraw(std::shared_ptr<remote_agent_call> call) = 0;
  /// Of a question that the worker of `answer.task` asked.
  virtual void answer(std::shared_ptr<remote_agent_call> call, agent_answer_message answer) = 0;
};

/// Where a node of a cluster file is found.
struct node_place {
  std::string system{};  ///< hash of the file
  std::string graph{};
  std::string node{};
};

/// An asynchronous node that has `place` run by a worker that fits `demand`.
[[nodiscard]] node_spec make_remote_node(node_place place, task_demand demand,
                                         std::shared_ptr<const input_types> inputs,
                                         std::shared_ptr<remote_nodes> workers);

}  // namespace mcp::cluster
