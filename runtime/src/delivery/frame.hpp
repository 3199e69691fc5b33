#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// The frames that members exchange: docs/cluster-wire.md. Pure.
namespace mcp::cluster {

inline constexpr std::size_t max_frame_payload = 256UL * 1024;
inline constexpr std::size_t max_frame_bytes = max_frame_payload + 64;
inline constexpr std::size_t max_member_name = 200;  ///< bytes; also of a cluster's name
inline constexpr std::size_t max_bye_reason = 1'000;
inline constexpr std::uint64_t lowest_wire_version = 1;
inline constexpr std::uint64_t highest_wire_version = 2;

struct hello_frame {
  std::uint64_t lowest = lowest_wire_version;
  std::uint64_t highest = highest_wire_version;
  std::string cluster{};
  std::string name{};
  std::uint64_t incarnation = 0;

  friend bool operator==(const hello_frame&, const hello_frame&) = default;
};
struct data_frame {
  std::uint64_t number = 0;
  bool more = false;
  std::string_view payload{};  ///< borrowed

  friend bool operator==(const data_frame&, const data_frame&) = default;
};
struct ack_frame {
  std::uint64_t received = 0;  ///< the last number that arrived
  std::uint64_t until = 0;     ///< the last number that may be sent

  friend bool operator==(const ack_frame&, const ack_frame&) = default;
};
struct bye_frame {
  std::string reason{};

  friend bool operator==(const bye_frame&, const bye_frame&) = default;
};
using frame = std::variant<hello_frame, data_frame, ack_frame, bye_frame>;

[[nodiscard]] std::string encode_frame(const frame& given);
/// Borrows the payload of data from `bytes`. Throws `malformed_answer` with what is wrong.
[[nodiscard]] frame decode_frame(std::string_view bytes);

}  // namespace mcp::cluster
