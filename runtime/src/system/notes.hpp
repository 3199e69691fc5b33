#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agents/agent_memory.hpp"
#include "mcp/context.hpp"

#include <functional>
#include <memory>

namespace mcp::cluster {

/// The memory of a file's nodes, in the store of the run. `offline`: an embedding model that needs
/// a network is left out, so that the text search does alone. What cannot be made is a problem.
[[nodiscard]] agent_memory make_notes(const cluster_description& file, bool offline,
                                      problem_list& problems);

/// What the table `memory` of a script works on: the store of its task, with embeddings if the file
/// has some. Null store: the task has none.
class script_store {
 public:
  script_store(const agent_memory& notes, context& ctx,
               const std::function<void(std::function<void()>)>& on_cancel);
  [[nodiscard]] memory_store* get() const noexcept { return store_; }

 private:
  std::unique_ptr<memory_store> embedded_;
  memory_store* store_;
};

}  // namespace mcp::cluster
