#pragma once

struct sockaddr;

namespace mcp::tools {

/// Whether the address is one of the public internet: not of this machine, its network, or a range
/// that is reserved. IPv6 addresses that stand for an IPv4 one are judged by that.
[[nodiscard]] bool is_public(const sockaddr& address) noexcept;

}  // namespace mcp::tools
