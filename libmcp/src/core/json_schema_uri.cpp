#include "json_schema_uri.hpp"

#include <cctype>
#include <charconv>
#include <vector>

namespace mcp::core::schema {
namespace {

struct parts {
  std::string_view scheme;     ///< with its ':'
  std::string_view authority;  ///< with its "//"
  std::string_view path;
  std::string_view query;  ///< with its '?'
};

std::size_t scheme_length(std::string_view text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return 0;
  const auto end = text.find_first_of(":/?");
  return end != std::string_view::npos && text[end] == ':' ? end + 1 : 0;
}

parts split(std::string_view text) {
  parts result;
  text = text.substr(0, text.find('#'));
  result.scheme = text.substr(0, scheme_length(text));
  text.remove_prefix(result.scheme.size());
  if (text.starts_with("//")) {
    result.authority = text.substr(0, text.find_first_of("/?", 2));
    text.remove_prefix(result.authority.size());
  }
  result.path = text.substr(0, text.find('?'));
  result.query = text.substr(result.path.size());
  return result;
}

std::string without_dots(std::string_view path) {
  const bool absolute = path.starts_with('/');
  if (absolute) path.remove_prefix(1);
  std::vector<std::string_view> kept;
  bool folder = false;
  while (true) {
    const auto end = path.find('/');
    const auto segment = path.substr(0, end);
    folder = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  if (folder) kept.emplace_back();
  std::string result{absolute ? "/" : ""};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i > 0) result += '/';
    result += kept[i];
  }
  return result;
}

std::string join(std::string_view scheme, std::string_view authority, const std::string& path,
                 std::string_view query) {
  std::string result{scheme};
  result += authority;
  result += path;
  result += query;
  return result;
}

/// A path without a root after a scheme, as in "urn:a:b", is opaque.
std::string normal_path(const parts& uri) {
  if (!uri.scheme.empty() && uri.authority.empty() && !uri.path.starts_with('/')) {
    return std::string{uri.path};
  }
  return without_dots(uri.path);
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const parts from = split(base);
  const parts to = split(reference);
  if (!to.scheme.empty()) return join(to.scheme, to.authority, normal_path(to), to.query);
  if (!to.authority.empty()) {
    return join(from.scheme, to.authority, without_dots(to.path), to.query);
  }
  if (to.path.empty()) {
    return join(from.scheme, from.authority, std::string{from.path},
                to.query.empty() ? from.query : to.query);
  }
  if (to.path.starts_with('/')) {
    return join(from.scheme, from.authority, without_dots(to.path), to.query);
  }
  std::string merged{from.path.substr(0, from.path.rfind('/') + 1)};
  if (merged.empty() && !from.authority.empty()) merged += '/';
  merged += to.path;
  return join(from.scheme, from.authority, without_dots(merged), to.query);
}

std::string fragment_of(std::string_view reference) {
  const auto mark = reference.find('#');
  if (mark == std::string_view::npos) return {};
  reference.remove_prefix(mark + 1);
  std::string result;
  while (!reference.empty()) {
    unsigned byte = 0;
    if (reference.size() >= 3 && reference[0] == '%' &&
        std::from_chars(reference.data() + 1, reference.data() + 3, byte, 16).ptr ==
            reference.data() + 3) {
      result += static_cast<char>(static_cast<unsigned char>(byte));
      reference.remove_prefix(3);
    } else {
      result += reference[0];
      reference.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace mcp::core::schema
