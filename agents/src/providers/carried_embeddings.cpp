#include "providers/carried_embeddings.hpp"

#include "providers/relayed_call.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

namespace mcp::providers {
namespace {

/// A call that had ended before it could begin.
class unbegun_call final : public chat_call {
 public:
  void cancel() override {}
};

error wrong_vectors(const std::string& what) {
  return error{errc::malformed_answer, what};
}

embedding_outcome failed(error reason) {
  embedding_outcome outcome;
  outcome.failure = model_failure{.error = std::move(reason)};
  return outcome;
}

embedding_outcome unpacked(chat_outcome carried, std::size_t texts) {
  embedding_outcome outcome;
  if (carried.failure) {
    outcome.failure = std::move(carried.failure);
    return outcome;
  }
  auto& got = *carried.answer;
  try {
    embedding_answer answer{.vectors = unpack_vectors(got.reply.content),
                            .usage = got.usage,
                            .model = std::move(got.model)};
    check_embedding_answer(answer, texts);
    outcome.answer = std::move(answer);
  } catch (const error& reason) {
    return failed(reason);
  }
  return outcome;
}

chat_outcome packed(embedding_outcome outcome) {
  chat_outcome carried;
  carried.failure = std::move(outcome.failure);
  if (outcome.answer) {
    auto& got = *outcome.answer;
    carried.answer =
        chat_answer{.reply = {.role = "assistant", .content = pack_vectors(got.vectors)},
                    .usage = got.usage,
                    .model = std::move(got.model)};
  }
  return carried;
}

class carried_model final : public embedding_model {
 public:
  explicit carried_model(std::shared_ptr<chat_model> carrier) : carrier_(std::move(carrier)) {}
  [[nodiscard]] const std::string& name() const noexcept override { return carrier_->name(); }

  std::shared_ptr<embedding_call> start(embedding_request request,
                                        embedding_handler handler) override {
    const auto texts = request.texts.size();
    try {
      check_embedding_request(request);
    } catch (const error& reason) {
      handler(failed(reason));
      return std::make_shared<unbegun_call>();
    }
    chat_request carried;
    carried.messages.reserve(texts);
    for (auto& text : request.texts) carried.messages.push_back(user_message(std::move(text)));
    carried.max_tokens = 0;  // an embedding has no tokens of answer
    carried.tag = std::move(request.tag);
    return carrier_->start(
        std::move(carried),
        {.on_delta = {}, .on_end = [handler = std::move(handler), texts](chat_outcome outcome) {
           handler(unpacked(std::move(outcome), texts));
         }});
  }

 private:
  std::shared_ptr<chat_model> carrier_;
};

class carrying_model final : public chat_model {
 public:
  explicit carrying_model(std::shared_ptr<embedding_model> model) : model_(std::move(model)) {}
  [[nodiscard]] const std::string& name() const noexcept override { return model_->name(); }

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    embedding_request wanted;
    wanted.texts.reserve(request.messages.size());
    for (auto& one : request.messages) wanted.texts.push_back(std::move(one.content));
    wanted.tag = std::move(request.tag);
    return model_->start(std::move(wanted),
                         [end = std::move(handler.on_end)](embedding_outcome outcome) {
                           end(packed(std::move(outcome)));
                         });
  }

 private:
  std::shared_ptr<embedding_model> model_;
};

}  // namespace

void check_embedding_request(const embedding_request& request) {
  const auto refuse = [](const std::string& why) { throw error{errc::invalid_argument, why}; };
  if (request.texts.empty()) refuse("a call of an embedding model needs at least one text");
  if (request.texts.size() > max_embedding_texts) {
    refuse(std::to_string(request.texts.size()) +
           " texts in one call of an embedding model; at most " +
           std::to_string(max_embedding_texts) + " are allowed");
  }
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    const auto size = request.texts[i].size();
    if (size == 0) refuse("text " + std::to_string(i) + " to embed is empty");
    if (size > max_embedding_text_bytes) {
      refuse("text " + std::to_string(i) + " to embed has " + std::to_string(size) +
             " bytes; at most " + std::to_string(max_embedding_text_bytes) + " are allowed");
    }
  }
}

void check_embedding_answer(const embedding_answer& answer, std::size_t texts) {
  if (answer.vectors.size() != texts) {
    throw wrong_vectors("the answer has " + std::to_string(answer.vectors.size()) +
                        " vectors for " + std::to_string(texts) + " texts");
  }
  const auto dimensions = answer.vectors.empty() ? 0 : answer.vectors.front().size();
  if (dimensions == 0 || dimensions > max_embedding_dimensions) {
    throw wrong_vectors("a vector has " + std::to_string(dimensions) + " dimensions; 1 to " +
                        std::to_string(max_embedding_dimensions) + " are allowed");
  }
  for (const auto& vector : answer.vectors) {
    if (vector.size() != dimensions) {
      throw wrong_vectors("vectors of one answer have " + std::to_string(dimensions) + " and " +
                          std::to_string(vector.size()) + " dimensions");
    }
    if (!std::all_of(vector.begin(), vector.end(), [](float x) { return std::isfinite(x); })) {
      throw wrong_vectors("a vector holds a number that is infinite or none");
    }
  }
}

std::string pack_vectors(const std::vector<std::vector<float>>& vectors) {
  const auto dimensions = static_cast<std::uint32_t>(vectors.empty() ? 0 : vectors.front().size());
  std::string bytes(sizeof dimensions, '\0');
  std::memcpy(bytes.data(), &dimensions, sizeof dimensions);
  for (const auto& vector : vectors) {
    const auto at = bytes.size();
    bytes.resize(at + vector.size() * sizeof(float));
    if (!vector.empty()) std::memcpy(bytes.data() + at, vector.data(), bytes.size() - at);
  }
  return bytes;
}

std::vector<std::vector<float>> unpack_vectors(std::string_view bytes) {
  std::uint32_t dimensions = 0;
  if (bytes.size() < sizeof dimensions) throw wrong_vectors("the answer holds no vectors");
  std::memcpy(&dimensions, bytes.data(), sizeof dimensions);
  bytes.remove_prefix(sizeof dimensions);
  const auto row = dimensions * sizeof(float);
  if (row == 0 || bytes.size() % row != 0)
    throw wrong_vectors("the answer's vectors are not whole");
  std::vector<std::vector<float>> vectors(bytes.size() / row);
  for (auto& vector : vectors) {
    vector.resize(dimensions);
    std::memcpy(vector.data(), bytes.data(), row);
    bytes.remove_prefix(row);
  }
  return vectors;
}

std::shared_ptr<embedding_model> embeddings_of(std::shared_ptr<chat_model> carrier) {
  return std::make_shared<carried_model>(std::move(carrier));
}

std::shared_ptr<chat_model> carrier_of(std::shared_ptr<embedding_model> model) {
  if (!model) throw error{errc::invalid_argument, "there is no embedding model; it was given null"};
  return std::make_shared<carrying_model>(std::move(model));
}

}  // namespace mcp::providers
