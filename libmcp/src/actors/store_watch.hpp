#pragma once

#include "mcp/checkpoint_store.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace mcp::actors {

/// Listens to a store that is shared by processes; does nothing for one that is not.
///
/// `freed` is called on a thread of this object and may block; while it is at work, further news of
/// the kind are one. `lost` is called on the store's thread.
class store_watch {
 public:
  store_watch(checkpoint_store& store, std::function<void()> freed, std::function<void()> lost);
  /// Waits for a call under way.
  ~store_watch();
  store_watch(const store_watch&) = delete;
  store_watch& operator=(const store_watch&) = delete;

 private:
  void work();

  std::function<void()> freed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool told_ = false;
  bool ending_ = false;
  std::shared_ptr<void> watch_;
  std::thread thread_;
};

}  // namespace mcp::actors
