#include "mcp/agents/embedding_model.hpp"

#include "providers/carried_embeddings.hpp"

#include <future>
#include <utility>

namespace mcp {

embedding_model::~embedding_model() = default;

embedding_answer embed(embedding_model& model, std::vector<std::string> texts) {
  const auto count = texts.size();
  auto promise = std::make_shared<std::promise<embedding_outcome>>();
  auto ended = promise->get_future();
  const auto call = model.start({.texts = std::move(texts)}, [promise](embedding_outcome outcome) {
    promise->set_value(std::move(outcome));
  });
  auto outcome = ended.get();
  if (outcome.failure) throw std::move(outcome.failure->error);
  providers::check_embedding_answer(*outcome.answer, count);
  return std::move(*outcome.answer);
}

std::shared_ptr<embedding_model> with_retry(std::shared_ptr<embedding_model> model,
                                            const model_retry& policy) {
  return providers::embeddings_of(with_retry(providers::carrier_of(std::move(model)), policy));
}

std::shared_ptr<embedding_model> with_limit(std::shared_ptr<embedding_model> model,
                                            const rate_limit& limit, std::string account) {
  return providers::embeddings_of(
      with_limit(providers::carrier_of(std::move(model)), limit, std::move(account)));
}

}  // namespace mcp
