#pragma once

#include "mcp/agents/chat_model.hpp"
#include "mcp/agents/export.hpp"
#include "mcp/agents/model_policies.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The port to embedding models, which turn texts into vectors that lie close together when the
/// texts mean the same.
///     auto model = mcp::with_retry(mcp::openai_embeddings({.model = "text-embedding-3-small"}));
namespace mcp {

/// Texts of one call, and the longest of them.
inline constexpr std::size_t max_embedding_texts = 256;
inline constexpr std::size_t max_embedding_text_bytes = 256 * 1024;
inline constexpr std::size_t max_embedding_dimensions = 16'384;

struct embedding_request {
  std::vector<std::string> texts{};  ///< at least one; none is empty
  call_tag tag{};
};

struct embedding_answer {
  std::vector<std::vector<float>> vectors{};  ///< one for each text, of the same dimension, finite
  token_usage usage{};
  std::string model{};  ///< the one that answered, as the provider names it
};

/// How a call ended: exactly one of the two is set.
struct embedding_outcome {
  std::optional<embedding_answer> answer{};
  std::optional<model_failure> failure{};
};

/// Called exactly once, whatever happens, on a thread of the provider's; must not block.
using embedding_handler = std::function<void(embedding_outcome)>;
/// A call under way, as for chat models.
using embedding_call = chat_call;

/// An embedding model of some provider. Shared by all runs; safe from any thread.
class MCP_AGENTS_EXPORT embedding_model {
 public:
  embedding_model() = default;
  embedding_model(const embedding_model&) = delete;
  embedding_model& operator=(const embedding_model&) = delete;
  virtual ~embedding_model();
  /// "provider/model": vectors are compared only with those of a model of the same name.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  /// Starts a call and returns at once; everything else, errors included, reaches the handler,
  /// perhaps before this returns. Failures are those of chat models; texts beyond the limits above
  /// are `invalid_argument`.
  virtual std::shared_ptr<embedding_call> start(embedding_request request,
                                                embedding_handler handler) = 0;
};

/// Starts a call and waits for its end: for programs without a graph, and for tests. Throws the
/// call's error. Not for plain nodes, which must not block.
[[nodiscard]] MCP_AGENTS_EXPORT embedding_answer embed(embedding_model& model,
                                                       std::vector<std::string> texts);

/// Repeats failed calls, as for chat models. Throws `invalid_argument`.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<embedding_model> with_retry(
    std::shared_ptr<embedding_model> model, const model_retry& policy = {});

/// Starts calls evenly over time, as for chat models; the tokens of a call are estimated from its
/// texts. Throws `invalid_argument`.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<embedding_model> with_limit(
    std::shared_ptr<embedding_model> model, const rate_limit& limit, std::string account = {});

struct hashing_options {
  std::size_t dimensions = 256;  ///< 1 to `max_embedding_dimensions`
  std::size_t longest_gram = 2;  ///< words that are hashed together; 1 to 8
};

/// An embedding model for tests and programs without a network: it hashes words, and runs of words
/// up to `longest_gram`, into a vector of length one. Texts with words in common are close; it
/// knows nothing of meaning. The same on every machine. A text without a word has the vector zero.
/// Answers before `start` returns. Throws `invalid_argument`.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<embedding_model> hashing_embeddings(
    hashing_options options = {});

}  // namespace mcp
