#include "mcp/agents/embedding_model.hpp"
#include "memory/vector_math.hpp"
#include "providers/carried_embeddings.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace mcp {
namespace {

constexpr std::size_t most_words_together = 8;

/// Lower-case words: runs of ASCII letters and digits and of bytes beyond ASCII.
std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (const char letter : text) {
    if (letter >= 'A' && letter <= 'Z') {
      word += static_cast<char>(letter - 'A' + 'a');
    } else if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
               (static_cast<unsigned char>(letter) & 0x80U) != 0) {
      word += letter;
    } else {
      finish();
    }
  }
  finish();
  return words;
}

/// FNV-1a, with its bits mixed: the place of a gram is taken from the low ones.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211U;
  }
  hash ^= hash >> 32U;
  hash *= 0x9e3779b97f4a7c15U;
  return hash ^ (hash >> 29U);
}

class hashing_model final : public embedding_model {
 public:
  explicit hashing_model(hashing_options options)
      : options_(options),
        name_("hashing/" + std::to_string(options.longest_gram) + "-grams-" +
              std::to_string(options.dimensions)) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

  std::shared_ptr<embedding_call> start(embedding_request request,
                                        embedding_handler handler) override {
    embedding_outcome outcome;
    try {
      providers::check_embedding_request(request);
      embedding_answer answer{.model = name_};
      for (const auto& text : request.texts) {
        answer.vectors.push_back(vector_of(text));
        answer.usage.input += estimated_tokens(text);
      }
      outcome.answer = std::move(answer);
    } catch (const error& reason) {
      outcome.failure = model_failure{.error = reason};
    }
    handler(std::move(outcome));
    return std::make_shared<ended>();
  }

 private:
  struct ended final : chat_call {
    void cancel() override {}
  };

  [[nodiscard]] std::vector<float> vector_of(std::string_view text) const {
    std::vector<float> vector(options_.dimensions, 0.0F);
    const auto words = words_in(text);
    for (std::size_t first = 0; first < words.size(); ++first) {
      std::string gram;
      for (std::size_t n = 0; n < options_.longest_gram && first + n < words.size(); ++n) {
        gram += words[first + n] + ' ';
        const auto hash = hash_of(gram);
        vector[(hash >> 1U) % vector.size()] += (hash & 1U) != 0 ? 1.0F : -1.0F;
      }
    }
    memories::normalize(vector);
    return vector;
  }

  const hashing_options options_;
  const std::string name_;
};

}  // namespace

std::shared_ptr<embedding_model> hashing_embeddings(hashing_options options) {
  if (options.dimensions == 0 || options.dimensions > max_embedding_dimensions) {
    throw error{errc::invalid_argument,
                "hashing_options::dimensions is 1 to " + std::to_string(max_embedding_dimensions)};
  }
  if (options.longest_gram == 0 || options.longest_gram > most_words_together) {
    throw error{errc::invalid_argument,
                "hashing_options::longest_gram is 1 to " + std::to_string(most_words_together)};
  }
  return std::make_shared<hashing_model>(options);
}

}  // namespace mcp
