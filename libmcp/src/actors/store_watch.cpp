#include "actors/store_watch.hpp"

#include <utility>

namespace mcp::actors {

store_watch::store_watch(checkpoint_store& store, std::function<void()> freed,
                         std::function<void()> lost)
    : freed_(std::move(freed)) {
  watch_ = store.watch([this, lost = std::move(lost)](store_news news) {
    if (news == store_news::lost) return lost();
    {
      const std::lock_guard lock{mutex_};
      told_ = true;
    }
    changed_.notify_one();
  });
  if (watch_) thread_ = std::thread{[this] { work(); }};
}

store_watch::~store_watch() {
  if (!watch_) return;
  watch_.reset();  // nobody calls any more
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void store_watch::work() {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return told_ || ending_; });
      if (ending_) return;
      told_ = false;
    }
    freed_();
  }
}

}  // namespace mcp::actors
