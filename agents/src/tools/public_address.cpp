#include "tools/public_address.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <netinet/in.h>
#include <sys/socket.h>

namespace mcp::tools {
namespace {

struct range {
  std::uint32_t first;
  unsigned bits;
};

constexpr std::uint32_t ip(unsigned a, unsigned b, unsigned c) {
  return (a << 24U) | (b << 16U) | (c << 8U);
}

constexpr std::array not_public{
    range{ip(0, 0, 0), 8},      range{ip(10, 0, 0), 8},     range{ip(100, 64, 0), 10},
    range{ip(127, 0, 0), 8},    range{ip(169, 254, 0), 16}, range{ip(172, 16, 0), 12},
    range{ip(192, 0, 0), 24},   range{ip(192, 0, 2), 24},   range{ip(192, 88, 99), 24},
    range{ip(192, 168, 0), 16}, range{ip(198, 18, 0), 15},  range{ip(198, 51, 100), 24},
    range{ip(203, 0, 113), 24}, range{ip(224, 0, 0), 4},    range{ip(240, 0, 0), 4},
};

bool is_public_v4(std::uint32_t address) {
  return std::none_of(not_public.begin(), not_public.end(), [address](const range& r) {
    return (address >> (32U - r.bits)) == (r.first >> (32U - r.bits));
  });
}

std::uint32_t v4_at(std::span<const unsigned char, 16> bytes, std::size_t at) {
  return (std::uint32_t{bytes[at]} << 24U) | (std::uint32_t{bytes[at + 1]} << 16U) |
         (std::uint32_t{bytes[at + 2]} << 8U) | std::uint32_t{bytes[at + 3]};
}

bool is_public_v6(std::span<const unsigned char, 16> bytes) {
  const auto zero = [&bytes](std::size_t from, std::size_t to) {
    return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                       bytes.begin() + static_cast<std::ptrdiff_t>(to),
                       [](unsigned char b) { return b == 0; });
  };
  if (zero(0, 10) && bytes[10] == 0xff && bytes[11] == 0xff) return is_public_v4(v4_at(bytes, 12));
  const bool nat64 = bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b;
  if (nat64) return zero(4, 12) && is_public_v4(v4_at(bytes, 12));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_v4(v4_at(bytes, 2));
  const bool teredo_or_orchid = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02;
  const bool documentation =
      bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8;
  // Global unicast is 2000::/3; everything else is local, reserved or multicast.
  return (bytes[0] & 0xe0U) == 0x20U && !teredo_or_orchid && !documentation;
}

}  // namespace

bool is_public(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return is_public_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::array<unsigned char, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return is_public_v6(bytes);
  }
  return false;
}

}  // namespace mcp::tools
