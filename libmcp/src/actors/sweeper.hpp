#pragma once

#include "actors/runtime.hpp"
#include "actors/store_writer.hpp"
#include "mcp/executor_base.hpp"

#include <memory>
#include <string>

namespace mcp::actors {

/// Removes what an executor's stores hold beyond its time, every `executor_options::sweep_every`: a
/// bounded number at once, on the thread of the store's writer, or on one for blocking nodes where
/// there is none. Does nothing under a deterministic runtime, whose time runs to its end.
class sweeper {
 public:
  /// `owner` and `writer`, which may be null, must outlive this.
  sweeper(runtime& owner, store_writer* writer, const executor_options& options, std::string graph);
  /// Waits for what is being removed.
  ~sweeper();
  sweeper(const sweeper&) = delete;
  sweeper& operator=(const sweeper&) = delete;

 private:
  class work;
  std::shared_ptr<work> work_;
};

}  // namespace mcp::actors
