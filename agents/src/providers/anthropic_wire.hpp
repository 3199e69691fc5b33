#pragma once

#include "providers/chat_wire.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mcp::providers {

struct anthropic_wire_options {
  std::string model{};
  std::int64_t max_tokens = 4096;
  std::string version = "2023-06-01";
};

/// Anthropic messages: pure translation.
[[nodiscard]] std::unique_ptr<chat_wire> anthropic_wire(anthropic_wire_options options);

}  // namespace mcp::providers
