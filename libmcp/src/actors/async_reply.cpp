#include "actors/async_reply.hpp"

#include "actors/attempt.hpp"
#include "actors/runtime.hpp"
#include "actors/task_context.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace mcp::actors {
namespace {

/// What stands behind a reply object. Its destruction without an answer is an answer too.
class async_reply final : public reply_port, public std::enable_shared_from_this<async_reply> {
 public:
  async_reply(std::shared_ptr<engine_life> life, std::shared_ptr<node_station> station,
              caf::actor run, core::task_pointer task, caf::actor gate)
      : life_(std::move(life)),
        station_(std::move(station)),
        run_(std::move(run)),
        task_(std::move(task)),
        gate_(std::move(gate)),
        port_(task_),
        context_(port_) {}
  ~async_reply() override {
    static_cast<void>(fail(
        {.error = error{errc::reply_dropped, "the reply object was destroyed without an answer"}}));
  }

  bool done(node_result result) override {
    if (answered_.exchange(true)) return false;
    task_->outcome.result = std::move(result);
    deliver();
    return true;
  }
  bool fail(failure reason) override {
    if (answered_.exchange(true)) return false;
    task_->outcome.what = core::task_outcome::kind::failed;
    task_->outcome.failure = std::move(reason);
    deliver();
    return true;
  }
  bool interrupt() override {
    if (answered_.exchange(true)) return false;
    task_->outcome.what = core::task_outcome::kind::interrupted;
    deliver();
    return true;
  }
  bool done_after(milliseconds delay, node_result result) override {
    if (answered_.exchange(true)) return false;
    port_.on_cancel([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->give_up();
    });
    const std::lock_guard lock{later_mutex_};
    if (given_up_) return true;
    // The timer keeps the answer alive; it is delivered even if the node has let go of it.
    auto& owner = *life_.of->owner;
    later_ = owner.timer().at(
        owner.clock().now() + delay,
        [self = shared_from_this(), kept = std::make_shared<node_result>(std::move(result))] {
          self->task_->outcome.result = std::move(*kept);
          self->deliver();
        });
    return true;
  }
  mcp::context& context() noexcept override { return context_; }
  [[nodiscard]] const context_port& port() const noexcept { return port_; }

  /// The node's function threw before it answered.
  void threw() {
    if (answered_.exchange(true)) return;
    record_exception(*task_);
    deliver();
  }

 private:
  void deliver() {
    report(*station_, *task_);
    caf::anon_send(run_, done_message{task_});
    vacate();
  }
  void vacate() {
    if (gate_) caf::anon_send(gate_, vacated_message{});
  }
  /// The answer that waits for its time is not wanted any more: nothing may stay for its sake.
  void give_up() {
    const std::lock_guard lock{later_mutex_};
    if (std::exchange(given_up_, true)) return;
    if (later_ && life_.of->owner->timer().cancel(*later_)) vacate();
  }

  /// Whoever holds the reply may outlive the executor, and be what the plan's functions own.
  struct share {
    explicit share(std::shared_ptr<engine_life> life) : of(std::move(life)) {}
    share(const share&) = delete;
    share& operator=(const share&) = delete;
    ~share() {
      const unknown_thread_scope here;
      of.reset();
    }
    std::shared_ptr<engine_life> of;
  };

  share life_;  ///< the first: it goes last
  std::shared_ptr<node_station> station_;
  caf::actor run_;
  core::task_pointer task_;
  caf::actor gate_;
  std::atomic<bool> answered_{false};
  std::mutex later_mutex_;
  std::optional<timer_port::id> later_;  ///< of an answer after a delay
  bool given_up_ = false;
  task_context port_;
  mcp::context context_;
};

}  // namespace

void begin_async(std::shared_ptr<node_station> station, caf::actor run, core::task_pointer task,
                 caf::actor gate) {
  if (answered_early(*station, *task)) {
    caf::anon_send(run, done_message{std::move(task)});
    if (gate) caf::anon_send(gate, vacated_message{});
    return;
  }
  auto life = station->life.lock();
  if (!life) return;                      // the executor is gone, and with it the run
  const census_seat seat{life->at_work};  // answered or not: the executor's end waits for the call
  // The node borrows its input for the length of the call, whoever answers meanwhile.
  const auto input = task->input;
  const auto reply = std::make_shared<async_reply>(std::move(life), station, std::move(run),
                                                   std::move(task), std::move(gate));
  const thread_watch::hold held{"node", station->node.spec.name, station->plan->name};
  const log_scope about{reply->port()};
  try {
    station->node.spec.begin(input, reply);
  } catch (...) {
    reply->threw();
  }
}

}  // namespace mcp::actors

namespace mcp {
reply_port::~reply_port() = default;
}
