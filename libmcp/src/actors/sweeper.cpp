#include "actors/sweeper.hpp"

#include "mcp/memory_store.hpp"

#include <mutex>
#include <utility>

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

/// Between two rounds while there is more to remove: others get at the store meanwhile.
constexpr milliseconds breath{20};

}  // namespace

class sweeper::work : public std::enable_shared_from_this<sweeper::work> {
 public:
  work(runtime& owner, store_writer* writer, const executor_options& options, std::string graph)
      : owner_(owner),
        writer_(writer),
        store_(options.store),
        memory_(options.memory),
        graph_(std::move(graph)),
        keep_(options.keep_threads),
        every_(options.sweep_every),
        on_removed_(options.on_removed) {}

  void wake_in(milliseconds delay) {
    const auto call = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->begin();
    };
    timer_ = owner_.timer().at(owner_.clock().now() + delay, call);
  }

  void stop() {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    static_cast<void>(owner_.timer().cancel(timer_));
    writer_ = nullptr;
    store_.reset();
    memory_.reset();
  }

 private:
  /// On the timer's thread.
  void begin() {
    const std::lock_guard lock{mutex_};
    if (stopped_) return;
    const auto job = [self = shared_from_this()] { self->sweep(); };
    if (writer_ != nullptr && !writer_->direct()) {
      // Closed means that the executor is going.
      static_cast<void>(writer_->write_then({}, [job](const auto& failed) {
        if (!failed) job();
      }));
    } else if (!owner_.workers().submit(job)) {
      wake_in(every_);
    }
  }

  void sweep() {
    const std::lock_guard lock{mutex_};
    if (stopped_) return;
    bool more = false;
    try {
      more = sweep_threads() || sweep_memory();
    } catch (const std::exception& what) {
      spdlog::warn("graph \"{}\": what is beyond its time cannot be removed now: {}", graph_,
                   what.what());
    }
    wake_in(more ? breath : every_);
  }

  /// Whether there may be more.
  bool sweep_threads() {
    if (!store_) return false;
    sweep_query query{.now = owner_.clock().wall()};
    if (keep_) {
      query.graph = graph_;
      query.idle_since = query.now - *keep_;
    }
    const auto removed = store_->sweep(query);
    if (!removed.empty()) spdlog::info("removed {} threads beyond their time", removed.size());
    for (const auto& thread : removed) tell(thread);
    return removed.size() >= query.limit;
  }

  void tell(const std::string& thread) const {
    if (!on_removed_) return;
    try {
      on_removed_(thread);
    } catch (const std::exception& what) {
      spdlog::warn("graph \"{}\": thread \"{}\" is removed, but: {}", graph_, thread, what.what());
    }
  }

  bool sweep_memory() {
    return memory_ && memory_->sweep(owner_.clock().wall()) >= max_swept_items;
  }

  runtime& owner_;    ///< not after `stop`
  std::mutex mutex_;  ///< held while something is removed
  bool stopped_ = false;
  timer_port::id timer_ = 0;
  store_writer* writer_;
  std::shared_ptr<checkpoint_store> store_;
  std::shared_ptr<memory_store> memory_;
  const std::string graph_;
  const std::optional<milliseconds> keep_;
  const milliseconds every_;
  const std::function<void(const std::string&)> on_removed_;
};

sweeper::sweeper(runtime& owner, store_writer* writer, const executor_options& options,
                 std::string graph) {
  if (options.sweep_every.count() <= 0 || owner.deterministic()) return;
  if (!options.store && !options.memory) return;
  work_ = std::make_shared<work>(owner, writer, options, std::move(graph));
  work_->wake_in(options.sweep_every);
}

sweeper::~sweeper() {
  if (work_) work_->stop();
}

}  // namespace mcp::actors
