// URLs and redirects as a model or a server gives them to the tool http_get: what is allowed leads
// to a host of the list and nowhere else.

#include "fuzzed.hpp"
#include "io/http_client.hpp"
#include "tools/host_list.hpp"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{fuzzed::text_of(data, size)};
  const mcp::http_get_options options{.hosts = {"example.org", "*.docs.example.org"}};
  const auto check = [&](const std::string& url) {
    fuzzed::accepted([&] {
      const auto place = mcp::io::place_of(mcp::tools::checked_place(url, options));
      fuzzed::require(place.has_value());
      auto host = place->host;
      for (auto& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      if (host.ends_with('.')) host.pop_back();  // the same host, from the root on
      fuzzed::require(host == "example.org" || host.ends_with(".docs.example.org"));
      fuzzed::require(place->scheme == "http" || place->scheme == "https");
    });
  };
  check(text);
  fuzzed::accepted([&] { check(mcp::tools::resolved("https://example.org/a/b?c", text)); });
  return 0;
}
