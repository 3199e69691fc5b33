#pragma once

#include "mcp/memory_store.hpp"

#include <functional>
#include <string>
#include <string_view>

/// How a node on a worker uses the memory store of its run: each call travels as bytes, and so does
/// what it returned.
namespace mcp::cluster {

/// Does what a `remote_memory` asks for, and returns the bytes that it waits for. Throws what the
/// store throws; `malformed_answer` for bytes that are no request. Safe from several threads.
[[nodiscard]] std::string serve_memory(memory_store& store, std::string_view request);

/// A memory store that is somewhere else. Safe from several threads, as `ask` has to be.
class remote_memory final : public memory_store {
 public:
  /// Brings a request to the store and waits for its answer; throws what went wrong there.
  using asker = std::function<std::string(std::string request)>;

  explicit remote_memory(asker ask) : ask_(std::move(ask)) {}

  [[nodiscard]] bool blocking() const noexcept override { return true; }
  void put(const memory_namespace& ns, const std::string& key, const std::string& value,
           const memory_put_options& options) override;
  [[nodiscard]] std::optional<memory_item> get(const memory_namespace& ns, const std::string& key,
                                               bool refresh) override;
  bool remove(const memory_namespace& ns, const std::string& key) override;
  [[nodiscard]] std::vector<memory_item> search(const memory_query& query) override;
  [[nodiscard]] std::vector<memory_namespace> list_namespaces(
      const memory_namespace_query& query) override;
  /// The far end bounds it: `limit` is not looked at.
  std::size_t sweep(store_time now, std::size_t limit) override;

 private:
  asker ask_;
};

}  // namespace mcp::cluster
