#pragma once

#include "mcp/checkpoint_store.hpp"
#include "mcp/error.hpp"
#include "mcp/export.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mcp {

/// Where an item lives: non-empty labels of valid UTF-8 without '.', the first one not starting
/// with "mcp", at most `max_memory_labels` of at most `max_memory_label_bytes` each.
using memory_namespace = std::vector<std::string>;

inline constexpr std::size_t max_memory_labels = 32;
inline constexpr std::size_t max_memory_label_bytes = 256;
inline constexpr std::size_t max_memory_key_bytes = 1024;
/// Most items or namespaces that one call returns; larger limits mean this one.
inline constexpr std::size_t max_memory_limit = 10'000;
/// Most items that one sweep removes, unless it is told otherwise.
inline constexpr std::size_t max_swept_items = 1'000;
/// Words of a text query that are looked at.
inline constexpr std::size_t max_memory_query_words = 64;

struct memory_item {
  memory_namespace ns{};
  std::string key{};
  std::string value{};  ///< a JSON object
  store_time created{};
  store_time updated{};
  std::optional<store_time> expires{};
  std::optional<double> score{};  ///< of a text search; larger is better

  friend bool operator==(const memory_item&, const memory_item&) = default;
};

/// Equal and unequal compare any values; the others two numbers or two texts, else they are false.
enum class memory_compare : std::uint8_t { eq, ne, gt, gte, lt, lte };

/// A condition on a top-level member of an item's value; a missing member counts as null.
struct memory_filter {
  std::string field{};
  memory_compare compare = memory_compare::eq;
  std::string value{};  ///< JSON
};

/// What `search` looks for: items that lie in `prefix` or below it and fit all `filters`.
struct memory_query {
  memory_namespace prefix{};             ///< empty: everywhere
  std::vector<memory_filter> filters{};  ///< all must hold
  std::string text{};  ///< items with at least one of its words, best first; empty: newest first
  std::size_t limit = 10;
  std::size_t offset = 0;
  bool refresh = true;  ///< the found items live longer, if the store refreshes on read
};

/// Which namespaces `list_namespaces` lists. "*" in a pattern stands for any one label.
struct memory_namespace_query {
  memory_namespace prefix{};
  memory_namespace suffix{};
  std::size_t max_depth = 0;  ///< cut to this many labels; 0: not cut
  std::size_t limit = 100;
  std::size_t offset = 0;
};

struct memory_put_options {
  /// Time to live; nothing: `memory_options::default_ttl`. Must be positive.
  std::optional<std::chrono::milliseconds> ttl{};
  bool index = true;  ///< found by text search
};

struct memory_options {
  std::function<store_time()> clock{};                     ///< empty: the system's
  std::optional<std::chrono::milliseconds> default_ttl{};  ///< nothing: items do not expire
  bool refresh_on_read = true;  ///< `get` and `search` start an item's time to live again
  std::size_t max_value_bytes = 1024 * 1024;
};

/// Memory that all threads of a program share: JSON objects by namespace and key.
///
/// Every function may be called from any thread. An item whose time is over is not there any more;
/// `sweep` frees its space. Errors: `invalid_namespace`, `invalid_argument` (a key, filter or time
/// to live), `malformed_json`, `too_large`, and those of a store.
class MCP_EXPORT memory_store {
 public:
  memory_store() = default;
  memory_store(const memory_store&) = delete;
  memory_store& operator=(const memory_store&) = delete;
  virtual ~memory_store();

  /// True when calls may wait for a disk or a network: they are then kept off the scheduler.
  [[nodiscard]] virtual bool blocking() const noexcept = 0;

  /// Adds or replaces. `value` is a JSON object; it is kept as it is written.
  virtual void put(const memory_namespace& ns, const std::string& key, const std::string& value,
                   const memory_put_options& options = {}) = 0;
  /// `refresh`: the item lives longer, if the store refreshes on read.
  [[nodiscard]] virtual std::optional<memory_item> get(const memory_namespace& ns,
                                                       const std::string& key,
                                                       bool refresh = true) = 0;
  /// False when there is no such item.
  virtual bool remove(const memory_namespace& ns, const std::string& key) = 0;
  [[nodiscard]] virtual std::vector<memory_item> search(const memory_query& query) = 0;
  /// Sorted, each once.
  [[nodiscard]] virtual std::vector<memory_namespace> list_namespaces(
      const memory_namespace_query& query = {}) = 0;
  /// Removes at most `limit` of the items whose time is over at `now`; returns how many.
  virtual std::size_t sweep(store_time now, std::size_t limit = max_swept_items) = 0;
};

/// Keeps everything in this process's memory.
[[nodiscard]] MCP_EXPORT std::shared_ptr<memory_store> in_memory_memory_store(
    memory_options options = {});

/// Keeps everything in a SQLite file, which may be the file of a checkpoint store, of this process
/// or another one. Several memory stores may use one file.
/// Throws `store_failed`, `corrupt_store`, `newer_format`.
[[nodiscard]] MCP_EXPORT std::shared_ptr<memory_store> sqlite_memory_store(
    const std::string& path, memory_options options = {});

/// Keeps everything in a PostgreSQL database, in the tables of a checkpoint store or in a schema of
/// its own; any number of processes may use it. `target` is a URI or a string of libpq's keywords.
/// A call bears that the database is away for a minute.
/// Throws `invalid_argument`, `store_failed`, `newer_format`.
[[nodiscard]] MCP_EXPORT std::shared_ptr<memory_store> postgres_memory_store(
    const std::string& target, memory_options options = {}, const std::string& schema = "fastmcp");

}  // namespace mcp
