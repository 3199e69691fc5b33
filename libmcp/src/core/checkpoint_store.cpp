#include "mcp/checkpoint_store.hpp"

#include <array>
#include <charconv>

namespace mcp {
namespace {

constexpr std::size_t id_digits = 16;

bool is_hexadecimal(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::string checkpoint_id::text() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result(id_digits, '0');
  std::uint64_t rest = value;
  for (std::size_t i = id_digits; i-- > 0; rest >>= 4U) result[i] = digits[rest & 0xFU];
  return result;
}

std::optional<checkpoint_id> checkpoint_id::parse(std::string_view text) {
  if (text.size() != id_digits) return std::nullopt;
  for (const char c : text) {
    if (!is_hexadecimal(c)) return std::nullopt;
  }
  checkpoint_id result;
  std::from_chars(text.data(), text.data() + text.size(), result.value, 16);
  return result;
}

std::string_view name(checkpoint_source source) noexcept {
  constexpr std::array<std::string_view, 4> names{"input", "loop", "update", "fork"};
  const auto index = static_cast<std::size_t>(source);
  return index < names.size() ? names[index] : "unknown";
}

std::string_view name(run_status status) noexcept {
  constexpr std::array<std::string_view, 6> names{"accepted", "running", "interrupted",
                                                  "done",     "failed",  "cancelled"};
  const auto index = static_cast<std::size_t>(status);
  return index < names.size() ? names[index] : "unknown";
}

checkpoint_store::~checkpoint_store() = default;

std::vector<std::string> checkpoint_store::owners() {
  return {};
}

std::string checkpoint_store::trouble() const {
  return {};
}

std::shared_ptr<void> checkpoint_store::watch(std::function<void(store_news)> /*told*/) {
  return nullptr;
}

}  // namespace mcp
