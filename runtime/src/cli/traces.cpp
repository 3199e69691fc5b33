#include "cli/traces.hpp"

#include "cli/version.hpp"
#include "mcp/error.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <spdlog/spdlog.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

constexpr const char* traces_path = "/v1/traces";
constexpr std::size_t most_headers = 100;

std::string value_of_variable(const environment& variables, const std::string& name) {
  return variables(name).value_or(std::string{});
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string percent_decoded(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const auto* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      made += static_cast<char>(value);
      i += 2;
    } else {
      made += text[i];
    }
  }
  return made;
}

/// "name=value,name=value", the values percent-encoded.
std::vector<std::pair<std::string, std::string>> headers_from(const std::string& name,
                                                              std::string_view text) {
  std::vector<std::pair<std::string, std::string>> headers;
  while (!without_blanks(text).empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (without_blanks(part).empty()) continue;
    const auto at = part.find('=');
    const auto key = without_blanks(part.substr(0, at));
    const auto value = at == std::string_view::npos
                           ? std::string{}
                           : percent_decoded(without_blanks(part.substr(at + 1)));
    const bool printable = std::all_of(value.begin(), value.end(), [](unsigned char letter) {
      return letter >= ' ' && letter != 0x7f;
    });
    if (at == std::string_view::npos || key.empty() || !printable ||
        headers.size() >= most_headers) {
      throw error{errc::invalid_argument, name + " is not NAME=VALUE,NAME=VALUE"};
    }
    headers.emplace_back(key, value);
  }
  return headers;
}

/// `path` is added to a URL; once.
std::string below(std::string url, const char* path) {
  while (url.ends_with('/')) url.pop_back();
  return url + path;
}

bool has_path(const std::string& url) {
  const auto host = url.find("://");
  const auto path = url.find('/', host == std::string::npos ? 0 : host + 3);
  return path != std::string::npos && path + 1 < url.size();
}

std::string endpoint_from(const std::string& url, const environment& variables) {
  if (!url.empty()) return has_path(url) ? url : below(url, traces_path);
  if (value_of_variable(variables, "OTEL_SDK_DISABLED") == "true") return {};
  auto protocol = value_of_variable(variables, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL");
  if (protocol.empty()) protocol = value_of_variable(variables, "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol == "grpc") return {};
  auto own = value_of_variable(variables, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (!own.empty()) return own;
  auto base = value_of_variable(variables, "OTEL_EXPORTER_OTLP_ENDPOINT");
  return base.empty() ? base : below(std::move(base), traces_path);
}

std::string this_host() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  name.resize(name.find('\0'));
  return name;
}

}  // namespace

std::optional<otlp_options> traces_from(const std::string& url, const environment& variables) {
  otlp_options made{.endpoint = endpoint_from(url, variables)};
  if (made.endpoint.empty()) return std::nullopt;
  std::string name = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
  if (value_of_variable(variables, name).empty()) name = "OTEL_EXPORTER_OTLP_HEADERS";
  made.headers = headers_from(name, value_of_variable(variables, name));
  auto service = value_of_variable(variables, "OTEL_SERVICE_NAME");
  made.resource.push_back(
      {"service.name", service.empty() ? std::string{"fastmcp"} : std::move(service)});
  return made;
}

std::shared_ptr<otlp_exporter> start_traces(const command_options& options,
                                            const std::string& member) {
  auto made = traces_from(options.traces, process_environment());
  if (!made) return nullptr;
  made->resource.push_back({"service.version", std::string{program_version}});
  if (!member.empty()) made->resource.push_back({"service.instance.id", member});
  if (auto host = this_host(); !host.empty()) {
    made->resource.push_back({"host.name", std::move(host)});
  }
  made->resource.push_back({"process.pid", static_cast<std::int64_t>(::getpid())});
  made->on_change = [](bool works, const std::string& what) {
    spdlog::log(works ? spdlog::level::info : spdlog::level::warn, "traces: {}", what);
  };
  return std::make_shared<otlp_exporter>(std::move(*made));
}

}  // namespace mcp::cluster
