#pragma once

#include "mcp/checkpoint_store.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mcp::core {

/// docs/checkpoint-format.md, section 2. `send` is the index of the task's send, or -1.
[[nodiscard]] std::string make_task_id(checkpoint_id checkpoint, std::string_view ns,
                                       std::int64_t step, std::string_view node, int send);
/// Stands for the task's id in what its fallback `node` asks and does.
[[nodiscard]] std::string make_fallback_id(std::string_view task, std::string_view node);
[[nodiscard]] std::string make_interrupt_id(std::string_view ns, std::string_view task,
                                            std::size_t index);
/// A checkpoint id of the millisecond `now`, larger than `last`.
[[nodiscard]] checkpoint_id next_checkpoint_id(checkpoint_id last, store_time now,
                                               std::uint32_t random);
/// Namespace of a subgraph run by `task` of `node` within `ns`.
[[nodiscard]] std::string child_namespace(std::string_view ns, std::string_view node,
                                          std::string_view task);
/// 32 hexadecimal digits for the trace of a run whose id has another form than ours.
[[nodiscard]] std::string make_trace_id(std::string_view run_id);
/// 32 hexadecimal digits from two random numbers, for runs and threads.
[[nodiscard]] std::string make_random_id(std::uint64_t high, std::uint64_t low);

}  // namespace mcp::core
