#pragma once

#include "mcp/agents/openai.hpp"
#include "providers/chat_wire.hpp"

#include <memory>
#include <string>

namespace mcp::providers {

/// `dialect` must not be `automatic`.
struct openai_wire_options {
  std::string model{};
  openai_dialect dialect = openai_dialect::compatible;
  bool strict_output = false;
};

/// OpenAI chat completions: pure translation.
[[nodiscard]] std::unique_ptr<chat_wire> openai_wire(openai_wire_options options);
[[nodiscard]] std::unique_ptr<stream_reader> openai_stream_reader();

}  // namespace mcp::providers
