#include "core/ids.hpp"

#include <array>
#include <initializer_list>

#include <openssl/sha.h>

namespace mcp::core {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::string hash(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto* part = parts.begin(); part != parts.end(); ++part) {
    if (part != parts.begin()) text += '\0';
    text += *part;
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string result;
  result.reserve(32);
  for (std::size_t i = 0; i < 16; ++i) {
    result += digits[digest[i] >> 4U];
    result += digits[digest[i] & 0xfU];
  }
  return result;
}

}  // namespace

std::string make_task_id(checkpoint_id checkpoint, std::string_view ns, std::int64_t step,
                         std::string_view node, int send) {
  std::string id(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) id[i] = static_cast<char>(checkpoint.value >> (56 - 8 * i));
  return hash({id, ns, std::to_string(step), node, send < 0 ? "-" : std::to_string(send)});
}

std::string make_fallback_id(std::string_view task, std::string_view node) {
  return hash({"fallback", task, node});
}

std::string make_interrupt_id(std::string_view ns, std::string_view task, std::size_t index) {
  return hash({ns, task, std::to_string(index)});
}

std::string make_trace_id(std::string_view run_id) {
  return hash({"trace", run_id});
}

checkpoint_id next_checkpoint_id(checkpoint_id last, store_time now, std::uint32_t random) {
  constexpr std::uint64_t within = 1ULL << 20U;
  const auto fresh =
      static_cast<std::uint64_t>(now.time_since_epoch().count()) * within + random % (within / 2);
  return {fresh > last.value ? fresh : last.value + 1};
}

std::string child_namespace(std::string_view ns, std::string_view node, std::string_view task) {
  std::string result{ns};
  if (!result.empty()) result += '|';
  result += node;
  result += ':';
  result += task;
  return result;
}

std::string make_random_id(std::uint64_t high, std::uint64_t low) {
  std::string result;
  for (const auto part : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) result += digits[(part >> shift) & 0xfU];
  }
  return result;
}

}  // namespace mcp::core
