#include "system/notes.hpp"

#include "mcp/agents/embedded_store.hpp"
#include "mcp/agents/openai_embeddings.hpp"

namespace mcp::cluster {
namespace {

std::shared_ptr<embedding_model> make_embeddings(const embeddings_description& what) {
  if (what.hashing) {
    hashing_options options;
    if (what.dimensions > 0) options.dimensions = what.dimensions;
    return hashing_embeddings(options);
  }
  const auto& served = what.served;
  auto model = openai_embeddings(
      {.model = served.model, .endpoint = served.endpoint, .dimensions = what.dimensions});
  if (served.limit) {
    const auto& where = served.endpoint;
    model = with_limit(std::move(model), *served.limit,
                       "embeddings " + where.base_url + " " + served.model + " " +
                           where.api_key_env + where.api_key_file);
  }
  return with_retry(std::move(model), served.retry.value_or(model_retry{}));
}

}  // namespace

agent_memory make_notes(const cluster_description& file, bool offline, problem_list& problems) {
  agent_memory_options options{.root = file.notes_root(), .ttl = file.memory.ttl};
  const auto& wanted = file.memory.embeddings;
  if (!wanted || (offline && !wanted->hashing)) return agent_memory{std::move(options)};
  try {
    options.embeddings = make_embeddings(*wanted);
    options.price = wanted->served.price;
    options.require_embeddings = wanted->required;
    if (!wanted->hashing && !options.price && file.limits.budget.counters.contains("cost_micros")) {
      problems.warning(wanted->served.at,
                       "the embeddings have no `price`: what they cost does not count against the "
                       "budget",
                       "add `price: {input: …}`, per million tokens");
    }
  } catch (const error& wrong) {
    problems.error(wanted->served.at, "the embeddings: " + wrong.message(),
                   std::string{advice(wrong.code())});
  }
  return agent_memory{std::move(options)};
}

script_store::script_store(const agent_memory& notes, context& ctx,
                           const std::function<void(std::function<void()>)>& on_cancel)
    : store_(ctx.memory()) {
  if (store_ == nullptr || !notes.options()->embeddings) return;
  embedded_ = embedded_store(*store_, notes.options(), ctx, on_cancel);
  store_ = embedded_.get();
}

}  // namespace mcp::cluster
