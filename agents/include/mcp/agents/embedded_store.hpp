#pragma once

#include "mcp/agents/agent_memory.hpp"
#include "mcp/agents/export.hpp"
#include "mcp/context.hpp"
#include "mcp/memory_store.hpp"

#include <functional>
#include <memory>

namespace mcp {

/// A memory store in the hands of one task, whose items are found by their meaning, too: the texts
/// of what is put are embedded, and a search with a text fuses the store's text search with the
/// vectors by reciprocal rank, as `agent_memory` does. The vectors lie beside the items: in a
/// namespace whose first label ends in "-vectors". Items without one that is of the same model and
/// value, also those that others put, get it by the searches that come across them.
///
/// Of `options` count `embeddings` (null: the store is as it was), `price`, `require_embeddings`,
/// `max_text_bytes`, `max_notes` (items of one search that are compared), `max_renewed`,
/// `min_similarity` and `rank_constant`. What embeddings cost is taken from the budget of `ctx`,
/// and failed ones are told as the event "memory_degraded". `on_cancel` is told how the embeddings
/// under way are stopped; `put` and `search` then throw `cancelled`.
///
/// Calls wait for the embedding model: from a thread that may block, one at a time. `store` and
/// `ctx` are borrowed. Throws `invalid_argument` as `agent_memory` does.
[[nodiscard]] MCP_AGENTS_EXPORT std::unique_ptr<memory_store> embedded_store(
    memory_store& store, std::shared_ptr<const agent_memory_options> options, context& ctx,
    const std::function<void(std::function<void()>)>& on_cancel);

}  // namespace mcp
