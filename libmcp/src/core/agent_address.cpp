#include "core/agent_address.hpp"

#include "mcp/error.hpp"

#include <string>

namespace mcp::core {

agent_address parse_agent_address(std::string_view text) {
  const auto slash = text.find('/');
  if (text.size() > max_agent_address_bytes) {
    throw error{errc::invalid_argument, "an agent's address has at most " +
                                            std::to_string(max_agent_address_bytes) +
                                            " bytes, this one has " + std::to_string(text.size())};
  }
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    throw error{errc::invalid_argument,
                "an agent's address is \"type/key\", not \"" + std::string{text} + "\""};
  }
  return {text.substr(0, slash), text.substr(slash + 1)};
}

void check_agent_name(std::string_view what, std::string_view name) {
  if (!name.empty() && name.find('/') == std::string_view::npos && name.size() <= 256) return;
  throw error{
      errc::invalid_argument,
      std::string{what} + " has 1 to 256 bytes without '/', not \"" + std::string{name} + "\""};
}

}  // namespace mcp::core
