#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::core {

/// A list of values edited by position, where a long series of removals must not cost a shift of
/// the whole list each. Removed elements leave a hole; a Fenwick tree over the slots, built at the
/// first removal, finds the n-th element that is left. Every operation is O(log n), amortised.
class message_list {
 public:
  explicit message_list(std::vector<nlohmann::json> elements)
      : slots_(std::move(elements)), size_(slots_.size()) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void clear();
  void push_back(nlohmann::json value);
  /// `position` must be less than `size()`.
  void replace(std::size_t position, nlohmann::json value);
  /// `position` must be less than `size()`.
  void erase(std::size_t position);
  /// The elements as one JSON array.
  [[nodiscard]] nlohmann::json take() &&;

 private:
  [[nodiscard]] std::size_t slot_of(std::size_t position) const noexcept;
  void build_tree();
  void add(std::size_t slot, bool present);

  std::vector<nlohmann::json> slots_;
  std::size_t size_;
  std::vector<bool> removed_;  ///< per slot; empty while no element was removed
  std::vector<std::size_t>
      tree_;  ///< Fenwick tree of present slots, 1-based; a power of two, plus 1
};

}  // namespace mcp::core
