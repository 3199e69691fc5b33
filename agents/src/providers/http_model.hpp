#pragma once

#include "io/http_client.hpp"
#include "mcp/agents/anthropic.hpp"
#include "mcp/agents/chat_model.hpp"
#include "mcp/agents/model_endpoint.hpp"
#include "mcp/agents/openai.hpp"
#include "providers/chat_wire.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mcp::providers {

/// A key and where it comes from.
struct api_key {
  std::string source{};   ///< for messages; empty: none was looked for
  std::string value{};    ///< empty: there is none
  std::string missing{};  ///< what is wrong, when one was expected; empty: calls may go without
};

/// Throws `invalid_argument` when the base URL is no http or https URL.
[[nodiscard]] io::url_place place_of_base(const model_endpoint& endpoint);

/// Reads the key once. `own_variable` is the provider's, for its own address.
[[nodiscard]] api_key read_key(const model_endpoint& endpoint, const std::string& own_variable,
                               bool loopback);

/// `text` with every secret blotted out, control characters made blank, and cut to `most` bytes at
/// a letter's border.
[[nodiscard]] std::string presentable(std::string text, const std::vector<std::string>& secrets,
                                      std::size_t most);

/// A provider: its protocol carried over HTTP. `client` must outlive it and its calls.
[[nodiscard]] std::shared_ptr<chat_model> http_model(std::shared_ptr<const chat_wire> wire,
                                                     model_endpoint endpoint, api_key key,
                                                     io::http_client& client);

[[nodiscard]] std::shared_ptr<chat_model> openai_model(openai_options options,
                                                       io::http_client& client);
[[nodiscard]] std::shared_ptr<chat_model> anthropic_model(anthropic_options options,
                                                          io::http_client& client);

}  // namespace mcp::providers
