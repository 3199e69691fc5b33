#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mcp::store {

/// A 32-bit checksum of a row's columns. SQLite checks the structure of a file but not its content;
/// this finds a changed bit in a row. Not a defence against somebody who forges rows.
class row_sum {
 public:
  row_sum& add(std::int64_t value) noexcept {
    mix(static_cast<std::uint64_t>(value));
    return *this;
  }

  row_sum& add(std::string_view bytes) noexcept {
    mix(bytes.size());
    while (bytes.size() >= sizeof(std::uint64_t)) {
      mix(word(bytes.data(), sizeof(std::uint64_t)));
      bytes.remove_prefix(sizeof(std::uint64_t));
    }
    if (!bytes.empty()) mix(word(bytes.data(), bytes.size()));
    return *this;
  }

  [[nodiscard]] std::int32_t value() const noexcept {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(state_ ^ (state_ >> 32U)));
  }

 private:
  /// Up to eight bytes, the first one lowest, on every machine.
  static std::uint64_t word(const char* bytes, std::size_t count) noexcept {
    std::uint64_t result = 0;
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(&result, bytes, count);
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        result |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
      }
    }
    return result;
  }

  // Both steps are reversible, so two different inputs of one word never meet in the full state.
  void mix(std::uint64_t value) noexcept {
    state_ = (state_ ^ value) * 0x9E3779B97F4A7C15U;
    state_ ^= state_ >> 32U;
  }

  std::uint64_t state_ = 0x6D63702D726F7773U;
};

}  // namespace mcp::store
