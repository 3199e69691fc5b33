#include "cluster_file/store_place.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace mcp::cluster {
namespace {

constexpr std::string_view prefix = "postgres:";

bool is_uri(std::string_view target) {
  return target.starts_with("postgresql://") || target.starts_with("postgres://");
}

/// Replaces what stands from `from` up to the first of `ends` there.
void hide(std::string& text, std::size_t from, std::string_view ends) {
  const auto end = std::min(text.find_first_of(ends, from), text.size());
  text.replace(from, end - from, "***");
}

}  // namespace

store_kind kind_of_store(const std::string& place) {
  if (place == "none") return store_kind::none;
  if (place == "memory") return store_kind::memory;
  return is_uri(place) || place.starts_with(prefix) ? store_kind::postgres : store_kind::sqlite;
}

bool is_durable(const std::string& place) {
  const auto kind = kind_of_store(place);
  return kind == store_kind::sqlite || kind == store_kind::postgres;
}

std::string postgres_place(const std::string& target) {
  return is_uri(target) ? target : std::string{prefix} + target;
}

std::string postgres_target(const std::string& place) {
  return is_uri(place) ? place : place.substr(prefix.size());
}

std::string shown_store(const std::string& place) {
  if (kind_of_store(place) != store_kind::postgres) return place;
  auto shown = place;
  if (is_uri(shown)) {
    const auto begin = shown.find("//") + 2;
    const auto host = shown.find_last_of('@', shown.find('/', begin));
    const auto colon = shown.find(':', begin);
    if (host != std::string::npos && colon < host)
      shown.replace(colon + 1, host - colon - 1, "***");
  }
  constexpr std::string_view key = "password";
  for (auto at = shown.find(key); at != std::string::npos; at = shown.find(key, at + key.size())) {
    auto value = shown.find('=', at);
    if (value == std::string::npos) break;
    value = shown.find_first_not_of(' ', value + 1);
    if (value == std::string::npos) break;
    if (shown[value] == '\'') {
      hide(shown, value + 1, "'");
    } else {
      hide(shown, value, is_uri(place) ? "&" : " ");
    }
  }
  return shown;
}

}  // namespace mcp::cluster
