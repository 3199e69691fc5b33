#pragma once

#include "mcp/memory_store.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::store {

/// Deepest nesting of a JSON text from outside.
inline constexpr std::size_t max_json_depth = 200;

[[nodiscard]] bool valid_utf8(const std::string& text);
/// Throws `invalid_namespace`. `prefix` allows the empty one.
void check_memory_namespace(const memory_namespace& ns, bool prefix);
/// Throws `invalid_argument`.
void check_memory_key(const std::string& key);
/// The time to live of an item, checked. Throws `invalid_argument`.
[[nodiscard]] std::optional<std::chrono::milliseconds> memory_ttl(const memory_options& options,
                                                                  const memory_put_options& put);
/// `now` plus a time to live, or the end of time.
[[nodiscard]] store_time expiry(store_time now, std::chrono::milliseconds ttl) noexcept;
/// The current time of a store.
[[nodiscard]] store_time memory_now(const memory_options& options);

/// Parses JSON with a bound on its depth. Throws `malformed_json` with the position.
[[nodiscard]] nlohmann::json parse_bounded(std::string_view text, std::string_view what);
/// Parses an item's value. Throws `too_large`, `malformed_json`, `invalid_argument` (no object).
[[nodiscard]] nlohmann::json parse_memory_value(const std::string& text, std::size_t max_bytes);

/// Parses a value that was stored. Throws `corrupt_store`: damage is the store's fault, not the
/// caller's.
[[nodiscard]] nlohmann::json stored_memory_value(const std::string& text);

/// All texts in a value, in their order, separated by line breaks: what a text search looks
/// through.
[[nodiscard]] std::string searchable_text(const nlohmann::json& value);
/// Lower-case words of a text: runs of ASCII letters and digits and of bytes beyond ASCII.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text, std::size_t most);

/// Filters with their values parsed. Throws `malformed_json`.
class memory_filters {
 public:
  explicit memory_filters(const std::vector<memory_filter>& filters);
  [[nodiscard]] bool empty() const noexcept { return filters_.empty(); }
  [[nodiscard]] bool match(const nlohmann::json& value) const;

 private:
  struct parsed {
    std::string field{};
    memory_compare compare = memory_compare::eq;
    nlohmann::json value{};
  };
  std::vector<parsed> filters_;
};

/// Labels joined by '.', which no label contains.
[[nodiscard]] std::string join_namespace(const memory_namespace& ns);
[[nodiscard]] memory_namespace split_namespace(std::string_view joined);
/// Filters, cuts, sorts and pages namespaces as `list_namespaces` promises.
[[nodiscard]] std::vector<memory_namespace> select_namespaces(
    std::vector<memory_namespace> namespaces, const memory_namespace_query& query);

}  // namespace mcp::store
