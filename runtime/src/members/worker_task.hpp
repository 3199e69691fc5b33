#pragma once

#include "cluster/memory_wire.hpp"
#include "cluster/task_codec.hpp"
#include "mcp/context.hpp"
#include "mcp/tracing.hpp"
#include "system/worker_system.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::cluster {

/// Where a task's messages go. Safe from several threads.
using worker_outlet = std::function<void(worker_message)>;
/// Does something later.
using worker_timer = std::function<void(milliseconds, std::function<void()>)>;

/// Where a task belongs in a trace, and who takes the span that it makes.
struct task_trace {
  std::shared_ptr<span_sink> spans{};  ///< null: it makes none
  trace_context parent{};              ///< without a trace: it makes none
  std::string member{};                ///< who runs it
  std::string server{};                ///< for whom
};

/// What the server of a task does for it.
struct server_abilities {
  bool memory = false;  ///< the run has a memory store
  bool holds = false;   ///< it knows what is held from what is charged
};

/// One task at a worker: the context of its node, whose wishes the server grants. Shared by the
/// node, its reply object, and whoever delivers what the server says.
class worker_task final : public context_port, public std::enable_shared_from_this<worker_task> {
 public:
  worker_task(task_message message, state_fields state, task_trace trace, worker_outlet outlet,
              worker_timer timer, server_abilities server);

  /// Runs the node, on this thread; the result goes out. Nothing is thrown.
  void run(const worker_system& system);
  /// Ends the task with this failure, unless it has ended.
  void fail(const mcp::failure& why);

  void cancel();
  /// What the server says to a wish. What `when_durable` was given is returned when it is its turn;
  /// the caller calls it.
  [[nodiscard]] std::function<void()> told(told_message what);
  /// The server is gone: nothing that is wished will be granted. Cancels, too.
  void lose_server();

  [[nodiscard]] std::uint64_t number() const noexcept { return message_.task; }
  [[nodiscard]] const std::string& system() const noexcept { return message_.system; }

  [[nodiscard]] task_info info() const override;
  [[nodiscard]] std::string task_id() const override { return message_.task_id; }
  [[nodiscard]] bool cancelled() const noexcept override;
  void on_cancel(std::function<void()> stop) override;
  void heartbeat() noexcept override;
  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] std::optional<std::string> answer(std::size_t index) override;
  void ask(std::size_t index, std::string question, std::string schema) override;
  [[nodiscard]] std::optional<std::string> find_effect(const std::string& key) override;
  void keep_effect(const std::string& key, const std::string& result) override;
  void when_durable(std::function<void()> then) override;
  void emit(std::string name, std::string payload) override;
  void emit_message(const message& content) override;
  void charge(std::string_view counter, std::int64_t amount) override;
  void refund(std::string_view counter, std::int64_t amount) noexcept override;
  void hold(std::string_view counter, std::int64_t amount) override;
  void release(std::string_view counter, std::int64_t held, std::int64_t used) override;
  [[nodiscard]] const error* failure() const noexcept override;
  [[nodiscard]] memory_store* memory() const noexcept override { return memory_.get(); }
  [[nodiscard]] std::string traceparent() const override { return place_.traceparent(); }

 private:
  class reply;

  void note(mcp::cluster::note what);
  /// Waits until the server has granted it. Throws what it refused it with, `member_lost`, and
  /// `cancelled` once the task is cancelled or has ended.
  std::optional<std::string> wish_for(wish what);
  /// True for the first result.
  bool end(result_message result);
  void end_with_exception();
  void call(const worker_node& node);
  void end_span(const result_message& result);

  const task_message message_;
  const state_fields state_;
  const task_trace trace_;
  const trace_context place_;  ///< its own span's, or the server's when it makes none
  worker_outlet outlet_;
  worker_timer timer_;
  const server_abilities server_;
  std::optional<error> failed_with_;
  std::unique_ptr<remote_memory> memory_;  ///< null: the run has none
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<std::int64_t> last_sign_{0};  ///< milliseconds since `started_`, plus one
  std::atomic<bool> cancelled_{false};
  std::atomic<std::chrono::system_clock::time_point> began_{std::chrono::system_clock::now()};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  bool server_lost_ = false;
  std::vector<std::function<void()>> stops_;
  std::vector<question_item> questions_;
  std::uint64_t last_wish_ = 0;
  std::map<std::uint64_t, std::optional<told_message>> wishes_;  ///< empty: not told yet
  std::map<std::uint64_t, std::function<void()>> durable_;       ///< by wish
};

}  // namespace mcp::cluster
