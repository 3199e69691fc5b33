#include "providers/openai_embedding_wire.hpp"

#include "io/encoding.hpp"
#include "providers/carried_embeddings.hpp"
#include "providers/openai_answer.hpp"
#include "providers/openai_place.hpp"
#include "providers/wire_json.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace mcp::providers {
namespace {

error wrong_embedding(const std::string& what) {
  return error{errc::malformed_answer, what};
}

/// A list of numbers, or base64 of float32, little-endian.
std::vector<float> vector_from(const json& content) {
  std::vector<float> vector;
  if (content.is_string()) {
    static_assert(std::endian::native == std::endian::little);
    const auto bytes = io::from_base64(content.get_ref<const std::string&>());
    if (!bytes || bytes->size() % sizeof(float) != 0) {
      throw wrong_embedding("an \"embedding\" is a text, but not base64 of float32");
    }
    vector.resize(bytes->size() / sizeof(float));
    if (!vector.empty()) std::memcpy(vector.data(), bytes->data(), bytes->size());
    return vector;
  }
  if (!content.is_array()) throw wrong_embedding("an \"embedding\" is neither a list nor a text");
  if (content.size() > max_embedding_dimensions) {
    throw wrong_embedding("an \"embedding\" has " + std::to_string(content.size()) + " dimensions");
  }
  vector.reserve(content.size());
  for (const auto& number : content) {
    const auto value = number.is_number() ? number.get<double>() : HUGE_VAL;
    if (std::abs(value) > std::numeric_limits<float>::max()) {
      throw wrong_embedding(
          "an \"embedding\" holds something that is no number of a float's range");
    }
    vector.push_back(static_cast<float>(value));
  }
  return vector;
}

class openai_embedding final : public chat_wire {
 public:
  explicit openai_embedding(openai_embedding_wire_options options)
      : options_(std::move(options)), name_(openai_name(options_.dialect, options_.model)) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view path() const noexcept override { return "/embeddings"; }
  [[nodiscard]] std::vector<io::http_header> headers(const std::string& key) const override {
    if (key.empty()) return {};
    return {{"Authorization", "Bearer " + key}};
  }
  [[nodiscard]] std::string body(const chat_request& request, bool) const override {
    json body{{"model", options_.model}, {"input", json::array()}};
    for (const auto& one : request.messages) body["input"].push_back(one.content);
    if (options_.dimensions > 0) {
      const bool mistral = options_.dialect == openai_dialect::mistral;
      body[mistral ? "output_dimension" : "dimensions"] = options_.dimensions;
    }
    return to_text(body);
  }
  [[nodiscard]] chat_answer read(std::string_view body, const chat_request& request) const override;
  [[nodiscard]] std::unique_ptr<stream_reader> reader(const chat_request&) const override {
    throw wrong_embedding("an embedding is not streamed");
  }

 private:
  [[nodiscard]] std::vector<std::vector<float>> vectors_in(const json& data,
                                                           std::size_t texts) const;

  openai_embedding_wire_options options_;
  std::string name_;
};

std::vector<std::vector<float>> openai_embedding::vectors_in(const json& data,
                                                             std::size_t texts) const {
  if (data.size() != texts) {
    throw wrong_embedding("the answer has " + std::to_string(data.size()) + " embeddings for " +
                          std::to_string(texts) + " texts");
  }
  std::vector<std::vector<float>> vectors(texts);
  for (std::size_t i = 0; i < texts; ++i) {
    // Some servers number nothing: then the order counts.
    const auto* index = member(data[i], "index");
    const auto at = index != nullptr && index->is_number_unsigned() ? index->get<std::size_t>() : i;
    if (at >= texts || !vectors[at].empty()) {
      throw wrong_embedding("the \"index\" of an embedding is out of range or there twice");
    }
    const auto* content = member(data[i], "embedding");
    if (content == nullptr) throw wrong_embedding("an item of \"data\" has no \"embedding\"");
    vectors[at] = vector_from(*content);
    if (options_.dimensions > 0 && vectors[at].size() != options_.dimensions) {
      throw wrong_embedding("an embedding has " + std::to_string(vectors[at].size()) +
                            " dimensions, not " + std::to_string(options_.dimensions) +
                            " (openai_embedding_options::dimensions)");
    }
  }
  return vectors;
}

chat_answer openai_embedding::read(std::string_view body, const chat_request& request) const {
  const auto document = parse_json(body, "the answer");
  const auto* data = member(document, "data");
  if (data == nullptr || !data->is_array())
    throw wrong_embedding("the answer has no list \"data\"");
  embedding_answer checked{.vectors = vectors_in(*data, request.messages.size())};
  check_embedding_answer(checked, request.messages.size());
  chat_answer answer{.reply = {.role = "assistant", .content = pack_vectors(checked.vectors)},
                     .model = text_member(document, "model")};
  if (const auto* usage = member(document, "usage")) answer.usage = openai_usage(*usage);
  return answer;
}

}  // namespace

std::unique_ptr<chat_wire> openai_embedding_wire(openai_embedding_wire_options options) {
  return std::make_unique<openai_embedding>(std::move(options));
}

std::shared_ptr<embedding_model> openai_embeddings(openai_embedding_options options,
                                                   io::http_client& client) {
  if (options.model.empty()) {
    throw error{errc::invalid_argument, "openai_embedding_options::model is empty; name a model"};
  }
  if (options.dimensions > max_embedding_dimensions) {
    throw error{errc::invalid_argument, "openai_embedding_options::dimensions is at most " +
                                            std::to_string(max_embedding_dimensions)};
  }
  auto place = openai_place_of(options.endpoint, options.dialect);
  auto wire = openai_embedding_wire({.model = std::move(options.model),
                                     .dialect = place.dialect,
                                     .dimensions = options.dimensions});
  return embeddings_of(
      http_model(std::move(wire), std::move(options.endpoint), std::move(place.key), client));
}

}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<embedding_model> openai_embeddings(openai_embedding_options options) {
  return providers::openai_embeddings(std::move(options), io::http_client::shared());
}

}  // namespace mcp
