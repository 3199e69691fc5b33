#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/journal_list.hpp"
#include "store/prune_plan.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mcp::store {

/// One namespace of a thread: its checkpoints sorted by id. Not synchronised.
class in_memory_log {
 public:
  in_memory_log() = default;
  in_memory_log(const in_memory_log& other);
  in_memory_log(in_memory_log&&) noexcept = default;
  in_memory_log& operator=(const in_memory_log&) = delete;
  in_memory_log& operator=(in_memory_log&&) noexcept = default;

  [[nodiscard]] bool empty() const noexcept { return records_.empty(); }

  /// Throws `invalid_argument` when the id or the parent does not fit; changes nothing then.
  void put(const put_checkpoint& op);
  /// Takes the last checkpoint away again.
  void pop() { records_.pop_back(); }
  /// Returns the body that was replaced. Throws `invalid_argument` for an unknown checkpoint.
  std::optional<std::string> put(const put_journal& op);
  /// Undoes a put that replaced `before`, or nothing.
  void undo(const put_journal& op, std::optional<std::string>&& before);

  [[nodiscard]] std::optional<stored_checkpoint> load(const std::string& ns,
                                                      std::optional<checkpoint_id> id) const;
  [[nodiscard]] std::optional<std::string> body(checkpoint_id id) const;
  [[nodiscard]] std::vector<checkpoint_info> history(const std::string& ns,
                                                     const history_query& query) const;

  [[nodiscard]] std::vector<prune_node> nodes() const;
  /// Snapshots `plan` asks for, in its order; nothing is changed yet.
  [[nodiscard]] std::vector<std::string> snapshots_for(const prune_plan& plan) const;
  void apply(const prune_plan& plan, std::vector<std::string>&& snapshots, prune_report& report);

 private:
  struct record {
    checkpoint_id id{};
    checkpoint_id parent{};
    checkpoint_id base{};
    std::int64_t step = 0;
    store_time created{};
    std::shared_ptr<const std::string> run{};  ///< shared by neighbours of one run
    std::string body{};
    std::string snapshot{};
    std::unique_ptr<journal_list> journal{};
    checkpoint_source source = checkpoint_source::loop;
  };

  [[nodiscard]] std::size_t position_of(checkpoint_id id) const noexcept;
  [[nodiscard]] checkpoint_info info_of(const record& one, const std::string& ns) const;

  std::vector<record> records_;
};

}  // namespace mcp::store
