#include "mcp/agents/agent_memory.hpp"

#include "memory/memory_errand.hpp"
#include "memory/note_rules.hpp"

#include <utility>

namespace mcp {
namespace {

memories::stop_hook hook_of(context& ctx) {
  return [&ctx](std::function<void()> stop) { ctx.on_cancel(std::move(stop)); };
}

memories::note_shelf shelf_of(const agent_memory_options& options) {
  if (!options.store) {
    throw error{errc::no_store,
                "agent_memory_options::store is null; give the memory a store, or "
                "call it with a context whose executor has one"};
  }
  return {*options.store, options};
}

/// The vectors of texts; none when the model fails and need not succeed.
std::vector<std::vector<float>> vectors_for(const agent_memory_options& options,
                                            std::vector<std::string> texts,
                                            std::optional<error>& degraded) {
  if (!options.embeddings || texts.empty()) return {};
  try {
    return embed(*options.embeddings, std::move(texts)).vectors;
  } catch (const error& reason) {
    if (options.require_embeddings || memories::always_fails(reason.code())) throw;
    degraded = reason;
    return {};
  }
}

}  // namespace

agent_memory::agent_memory(agent_memory_options options) {
  memories::check_options(options);
  options_ = std::make_shared<const agent_memory_options>(std::move(options));
}

void agent_memory::remember(memory_place place, std::vector<memory_note> notes, context& ctx,
                            std::function<void(remember_result)> done) const {
  memories::start_remember(options_, std::move(place), std::move(notes), ctx, hook_of(ctx),
                           std::move(done));
}

void agent_memory::recall(recall_query query, context& ctx,
                          std::function<void(recall_result)> done) const {
  memories::start_recall(options_, std::move(query), ctx, hook_of(ctx), std::move(done));
}

void agent_memory::forget(memory_place place, std::string key, context& ctx,
                          std::function<void(forget_result)> done) const {
  memories::start_forget(options_, std::move(place), std::move(key), ctx, hook_of(ctx),
                         std::move(done));
}

remember_result agent_memory::remember(const memory_place& place,
                                       const std::vector<memory_note>& notes) const {
  memories::check_place(place);
  memories::check_notes(notes, *options_);
  auto shelf = shelf_of(*options_);
  remember_result result;
  const auto vectors = vectors_for(*options_, memories::texts_of(notes), result.degraded);
  result.keys = shelf.put(place, notes, vectors);
  return result;
}

recall_result agent_memory::recall(const recall_query& query) const {
  memories::check_query(query);
  auto shelf = shelf_of(*options_);
  recall_result result;
  std::vector<float> asked;
  if (auto text = memories::asked_text(query); !text.empty()) {
    auto vectors = vectors_for(*options_, {std::move(text)}, result.degraded);
    if (!vectors.empty()) asked = std::move(vectors.front());
  }
  result.by_meaning = !asked.empty();
  auto found = shelf.find(query, asked);
  const auto vectors = vectors_for(*options_, shelf.texts_without(found), result.degraded);
  shelf.renew(found, query, vectors, asked);
  result.renewed = vectors.size();
  result.notes = shelf.best(found, query);
  return result;
}

bool agent_memory::forget(const memory_place& place, const std::string& key) const {
  memories::check_place(place);
  return shelf_of(*options_).forget(place, key);
}

std::vector<memory_hit> agent_memory::list(const memory_place& place, std::size_t limit,
                                           std::size_t offset) const {
  memories::check_place(place);
  return shelf_of(*options_).list(place, limit, offset);
}

}  // namespace mcp
