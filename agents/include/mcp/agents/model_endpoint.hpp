#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace mcp {

/// How long a call of a model may take; zero: no limit.
struct model_timeouts {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds first_byte{300'000};  ///< of an unstreamed answer: all its thinking
  std::chrono::milliseconds idle{120'000};        ///< between two pieces of the answer
  std::chrono::milliseconds total{900'000};
};

/// Where a model is served and how it is reached: common to all providers.
struct model_endpoint {
  /// Without the last part of the path, such as "http://localhost:8000/v1". Empty: the provider's.
  std::string base_url{};
  /// The environment variable that holds the key. Empty: the provider's own at its own address, and
  /// no key elsewhere, so that a key reaches nobody by accident.
  std::string api_key_env{};
  /// A file that holds the key (its first line); wins over the variable.
  std::string api_key_file{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< sent as well
  model_timeouts timeouts{};
  std::size_t max_answer_bytes = 16UL << 20;  ///< of one answer as it is sent
  std::string ca_file{};                      ///< PEM, for a server's own certificate authority
};

}  // namespace mcp
