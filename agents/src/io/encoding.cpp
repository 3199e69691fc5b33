#include "io/encoding.hpp"

#include <array>
#include <climits>

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace mcp::io {
namespace {

const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

constexpr std::size_t longest = INT_MAX / 2;  // what OpenSSL counts in an int

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(data_of(bytes), bytes.size(), digest.data());
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : digest) {
    text += digits[byte >> 4U];
    text += digits[byte & 0xfU];
  }
  return text;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  // In parts of whole groups: the parts' texts make the text of the whole.
  constexpr std::size_t part = longest / 6 * 3;
  for (std::size_t at = 0; at < bytes.size(); at += part) {
    const auto piece = bytes.substr(at, part);
    std::string coded((piece.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL
    const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                      data_of(piece), static_cast<int>(piece.size()));
    text.append(coded, 0, static_cast<std::size_t>(size));
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > longest) return std::nullopt;
  if (text.empty()) return std::string{};
  const auto content = text.find_first_of("= \t\r\n");  // OpenSSL skips blanks; we do not
  const auto padding = content == std::string_view::npos ? 0 : text.size() - content;
  if (padding > 2 || text.find_first_not_of('=', text.size() - padding) != std::string_view::npos) {
    return std::nullopt;
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), data_of(text),
                                    static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace mcp::io
