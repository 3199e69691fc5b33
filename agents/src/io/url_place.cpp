#include "io/http_client.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

namespace mcp::io {
namespace {

struct url_deleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
struct text_deleter {
  void operator()(char* text) const noexcept { curl_free(text); }
};

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, text_deleter> owned{text};
  return text;
}

}  // namespace

std::optional<url_place> place_of(const std::string& url) {
  const std::unique_ptr<CURLU, url_deleter> parsed{curl_url()};
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return std::nullopt;
  }
  url_place place{.scheme = part(parsed.get(), CURLUPART_SCHEME),
                  .host = part(parsed.get(), CURLUPART_HOST),
                  .port = part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  if (place.scheme != "http" && place.scheme != "https") return std::nullopt;
  for (auto& letter : place.host) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  if (place.host.starts_with('[') && place.host.ends_with(']')) {
    place.host = place.host.substr(1, place.host.size() - 2);
  }
  return place;
}

bool url_place::is_loopback() const {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

std::string url_place::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + port;
}

}  // namespace mcp::io
