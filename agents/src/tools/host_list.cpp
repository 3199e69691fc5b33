#include "tools/host_list.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

#include <curl/curl.h>

namespace mcp::tools {
namespace {

constexpr std::size_t max_url = 8192;

struct free_url {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using parsed_url = std::unique_ptr<CURLU, free_url>;

struct free_text {
  void operator()(char* text) const { curl_free(text); }
};

/// Null when the text is no URL.
parsed_url parsed(const std::string& url) {
  parsed_url made{curl_url()};
  if (!made || url.size() > max_url || url.find('\0') != std::string::npos) return nullptr;
  return curl_url_set(made.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK ? std::move(made)
                                                                              : nullptr;
}

std::string part(const parsed_url& url, CURLUPart what) {
  char* text = nullptr;
  if (curl_url_get(url.get(), what, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, free_text> owned{text};
  return text;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // A name may end in a dot and still be the same name.
  if (text.ends_with('.')) text.pop_back();
  return text;
}

bool allows(const std::string& pattern, const std::string& host) {
  const auto rule = lower(pattern);
  if (!rule.starts_with("*.")) return rule == host;
  const auto below = std::string_view{rule}.substr(1);
  return host.size() > below.size() && host.ends_with(below);
}

}  // namespace

std::string checked_place(const std::string& url, const http_get_options& options) {
  const auto place = parsed(url);
  if (!place) throw error{errc::invalid_tool_call, "this is no URL with http or https"};
  const auto scheme = part(place, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") {
    throw error{errc::access_denied, "only http and https are allowed, not " + scheme};
  }
  if (scheme == "http" && !options.allow_plain_http) {
    throw error{errc::access_denied, "only https is allowed"};
  }
  if (!part(place, CURLUPART_USER).empty() || !part(place, CURLUPART_PASSWORD).empty()) {
    throw error{errc::access_denied, "a URL with a user name or a password is not allowed"};
  }
  const auto host = lower(part(place, CURLUPART_HOST));
  const auto& hosts = options.hosts;
  const bool allowed = std::any_of(hosts.begin(), hosts.end(),
                                   [&host](const auto& one) { return allows(one, host); });
  if (!allowed) throw error{errc::access_denied, "the host \"" + host + "\" is not allowed"};
  return part(place, CURLUPART_URL);
}

std::string resolved(const std::string& base, const std::string& location) {
  const auto place = parsed(base);
  if (!place || location.size() > max_url ||
      curl_url_set(place.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    throw error{errc::tool_failed, "a redirect leads to no URL"};
  }
  return part(place, CURLUPART_URL);
}

}  // namespace mcp::tools
