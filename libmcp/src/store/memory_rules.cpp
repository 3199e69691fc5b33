#include "store/memory_rules.hpp"

#include <algorithm>

namespace mcp::store {
namespace {

using nlohmann::json;

[[noreturn]] void refuse_label(const std::string& what) {
  throw error(errc::invalid_namespace, "a memory namespace " + what);
}

/// Deepest nesting of brackets outside of texts; the parser itself checks the rest.
bool too_deep(std::string_view text) noexcept {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_json_depth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

bool ordered(const json& a, memory_compare compare, const json& b) {
  const bool comparable = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
  if (!comparable) return false;
  switch (compare) {
    case memory_compare::gt:
      return a > b;
    case memory_compare::gte:
      return a >= b;
    case memory_compare::lt:
      return a < b;
    case memory_compare::lte:
      return a <= b;
    case memory_compare::eq:
    case memory_compare::ne:
      break;
  }
  return false;
}

void collect_text(const json& value, std::string& out) {  // depth is bounded by the parser
  if (value.is_string()) {
    if (!out.empty()) out += '\n';
    out += value.get_ref<const std::string&>();
  } else if (value.is_structured()) {
    for (const auto& element : value) collect_text(element, out);
  }
}

bool fits(const std::string& pattern, const std::string& label) {
  return pattern == "*" || pattern == label;
}

bool fits(const memory_namespace& ns, const memory_namespace_query& query) {
  if (query.prefix.size() > ns.size() || query.suffix.size() > ns.size()) return false;
  for (std::size_t i = 0; i < query.prefix.size(); ++i) {
    if (!fits(query.prefix[i], ns[i])) return false;
  }
  const std::size_t start = ns.size() - query.suffix.size();
  for (std::size_t i = 0; i < query.suffix.size(); ++i) {
    if (!fits(query.suffix[i], ns[start + i])) return false;
  }
  return true;
}

}  // namespace

void check_memory_namespace(const memory_namespace& ns, bool prefix) {
  if (ns.empty() && !prefix) refuse_label("has no labels");
  if (ns.size() > max_memory_labels) {
    refuse_label("has more than " + std::to_string(max_memory_labels) + " labels");
  }
  for (const auto& label : ns) {
    if (label.empty()) refuse_label("has an empty label");
    if (label.size() > max_memory_label_bytes) {
      refuse_label("has a label of more than " + std::to_string(max_memory_label_bytes) + " bytes");
    }
    if (label.find('\0') != std::string::npos || !valid_utf8(label)) {
      refuse_label("has a label that is not valid UTF-8 or contains a NUL");
    }
    if (label.find('.') != std::string::npos) refuse_label("has '.' in the label '" + label + "'");
  }
  if (!ns.empty() && ns.front().starts_with("mcp")) {
    refuse_label("starts with '" + ns.front() + "', which is ours");
  }
}

void check_memory_key(const std::string& key) {
  if (key.empty() || key.size() > max_memory_key_bytes || key.find('\0') != std::string::npos ||
      !valid_utf8(key)) {
    throw error(errc::invalid_argument, "a memory key must be valid UTF-8 of 1 to " +
                                            std::to_string(max_memory_key_bytes) +
                                            " bytes without a NUL");
  }
}

std::optional<std::chrono::milliseconds> memory_ttl(const memory_options& options,
                                                    const memory_put_options& put) {
  const auto ttl = put.ttl ? put.ttl : options.default_ttl;
  if (ttl && ttl->count() <= 0) {
    throw error(errc::invalid_argument,
                "a time to live of " + std::to_string(ttl->count()) + " ms is not positive");
  }
  return ttl;
}

store_time expiry(store_time now, std::chrono::milliseconds ttl) noexcept {
  return ttl >= store_time::max() - now ? store_time::max() : now + ttl;
}

store_time memory_now(const memory_options& options) {
  if (options.clock) return options.clock();
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

json parse_bounded(std::string_view text, std::string_view what) {
  if (too_deep(text)) {
    throw error(errc::malformed_json, std::string{what} + " is nested deeper than " +
                                          std::to_string(max_json_depth) + " levels");
  }
  try {
    return json::parse(text);
  } catch (const json::exception& cause) {
    throw error(errc::malformed_json, std::string{what} + ": " + cause.what());
  }
}

json parse_memory_value(const std::string& text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    throw error(errc::too_large, "a memory value has " + std::to_string(text.size()) +
                                     " bytes; memory_options::max_value_bytes is " +
                                     std::to_string(max_bytes));
  }
  auto value = parse_bounded(text, "a memory value");
  if (!value.is_object()) {
    throw error(errc::invalid_argument, "a memory value must be a JSON object");
  }
  return value;
}

bool valid_utf8(const std::string& text) {
  // The JSON library's writer knows: it refuses a text that is not valid UTF-8.
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

nlohmann::json stored_memory_value(const std::string& text) {
  try {
    return parse_bounded(text, "a stored memory value");
  } catch (const error& cause) {
    throw error(errc::corrupt_store, cause.message());
  }
}

std::string searchable_text(const json& value) {
  std::string result;
  collect_text(value, result);
  return result;
}

std::vector<std::string> words_of(std::string_view text, std::size_t most) {
  std::vector<std::string> result;
  std::string word;
  const auto finish = [&] {
    if (!word.empty() && result.size() < most) result.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (upper) {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (letter || (static_cast<unsigned char>(c) & 0x80U) != 0) {
      word += c;
    } else {
      finish();
      if (result.size() == most) return result;
    }
  }
  finish();
  return result;
}

memory_filters::memory_filters(const std::vector<memory_filter>& filters) {
  for (const auto& one : filters) {
    auto value = parse_bounded(one.value, "the filter on '" + one.field + "'");
    filters_.push_back({one.field, one.compare, std::move(value)});
  }
}

bool memory_filters::match(const json& value) const {
  static const json null;
  return std::all_of(filters_.begin(), filters_.end(), [&](const parsed& one) {
    const auto member = value.find(one.field);
    const json& actual = member == value.end() ? null : *member;
    if (one.compare == memory_compare::eq) return actual == one.value;
    if (one.compare == memory_compare::ne) return actual != one.value;
    return ordered(actual, one.compare, one.value);
  });
}

std::string join_namespace(const memory_namespace& ns) {
  std::string result;
  for (const auto& label : ns) {
    if (!result.empty()) result += '.';
    result += label;
  }
  return result;
}

memory_namespace split_namespace(std::string_view joined) {
  memory_namespace result;
  while (true) {
    const auto dot = joined.find('.');
    result.emplace_back(joined.substr(0, dot));
    if (dot == std::string_view::npos) return result;
    joined.remove_prefix(dot + 1);
  }
}

std::vector<memory_namespace> select_namespaces(std::vector<memory_namespace> namespaces,
                                                const memory_namespace_query& query) {
  std::erase_if(namespaces, [&](const memory_namespace& ns) { return !fits(ns, query); });
  if (query.max_depth > 0) {
    for (auto& ns : namespaces) ns.resize(std::min(ns.size(), query.max_depth));
  }
  std::sort(namespaces.begin(), namespaces.end());
  namespaces.erase(std::unique(namespaces.begin(), namespaces.end()), namespaces.end());
  const auto first = std::min(query.offset, namespaces.size());
  const auto count = std::min({query.limit, max_memory_limit, namespaces.size() - first});
  const auto begin = namespaces.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace mcp::store
