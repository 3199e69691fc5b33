// Where keys come from, and keeping them out of messages.
#include "providers/http_model.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace mcp::providers {
namespace {

constexpr std::size_t longest_key = 64UL << 10;

std::string trimmed(const std::string& text) {
  constexpr const char* blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string first_line(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string start(longest_key, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return start.substr(0, start.find('\n'));
}

bool fits_header(const std::string& key) {
  return std::all_of(key.begin(), key.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte > 0x20 && byte < 0x7F;
  });
}

}  // namespace

api_key read_key(const model_endpoint& endpoint, const std::string& own_variable, bool loopback) {
  const auto& variable = endpoint.api_key_env.empty() ? own_variable : endpoint.api_key_env;
  const bool from_file = !endpoint.api_key_file.empty();
  if (!from_file && variable.empty()) return {};
  const auto source =
      from_file ? "the file " + endpoint.api_key_file : "the environment variable " + variable;
  const char* set = from_file ? nullptr : std::getenv(variable.c_str());
  auto key = trimmed(from_file ? first_line(endpoint.api_key_file) : (set == nullptr ? "" : set));
  if (key.empty()) {
    return {.source = source,
            .value = {},
            .missing = loopback ? "" : "there is no API key in " + source};
  }
  if (!fits_header(key)) {
    return {.source = source,
            .value = {},
            .missing = "what " + source +
                       " holds is no API key: it has blanks, control "
                       "characters or letters beyond ASCII"};
  }
  return {.source = source, .value = std::move(key), .missing = {}};
}

std::string presentable(std::string text, const std::vector<std::string>& secrets,
                        std::size_t most) {
  constexpr std::string_view blot = "[secret]";
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + blot.size())) {
      text.replace(at, secret.size(), blot);
    }
  }
  if (text.size() > most) {
    const auto is_inside_letter = [&](std::size_t at) {
      return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    while (most > 0 && is_inside_letter(most)) --most;
    text.resize(most);
    text += "...";
  }
  for (auto& letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) letter = ' ';
  }
  return text;
}

}  // namespace mcp::providers
