#pragma once

#include "mcp/agents/agent_memory.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace mcp::memories {

/// What a recall has found so far.
struct findings {
  struct note {
    memory_item item{};
    std::size_t place = 0;  ///< index in the query
  };
  std::vector<note> notes{};
  std::vector<std::size_t> by_text{};  ///< best first; of a query without a text, the newest first
  std::vector<std::pair<double, std::size_t>> by_meaning{};  ///< similarity and note, in no order
  std::vector<std::size_t> without{};  ///< have no vector that can be used; not all of them
};

/// Notes in a memory store. Blocks where the store does; made for one call.
class note_shelf {
 public:
  note_shelf(memory_store& store, const agent_memory_options& options)
      : store_(store), options_(options) {}

  /// Adds or replaces notes with their vectors, if there are any, and forgets the oldest beyond the
  /// limit. Returns the keys.
  std::vector<std::string> put(const memory_place& place, const std::vector<memory_note>& notes,
                               const std::vector<std::vector<float>>& vectors);
  /// `asked`: the vector of the query's text; empty: the text search alone.
  [[nodiscard]] findings find(const recall_query& query, std::vector<float> asked);
  /// The texts of `found.without`.
  [[nodiscard]] static std::vector<std::string> texts_without(const findings& found);
  /// Keeps the vectors of `found.without` and counts them in.
  void renew(findings& found, const recall_query& query,
             const std::vector<std::vector<float>>& vectors, std::vector<float> asked);
  /// The notes of both rankings, fused.
  [[nodiscard]] std::vector<memory_hit> best(const findings& found, const recall_query& query);
  bool forget(const memory_place& place, const std::string& key);
  [[nodiscard]] std::vector<memory_hit> list(const memory_place& place, std::size_t limit,
                                             std::size_t offset);

 private:
  void put_vector(const memory_place& place, const std::string& key, const std::string& value,
                  const std::vector<float>& vector);
  void forget_excess(const memory_place& place);
  void find_by_text(const recall_query& query, findings& found);
  void find_by_meaning(const recall_query& query, const std::vector<float>& asked, findings& found);
  void compare_place(const recall_query& query, std::size_t place, const std::vector<float>& asked,
                     findings& found);
  void keep_alive(const memory_place& place, const std::string& key);

  memory_store& store_;
  const agent_memory_options& options_;
};

}  // namespace mcp::memories
