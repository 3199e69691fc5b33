#pragma once

#include "core/graph_plan.hpp"
#include "core/task.hpp"
#include "mcp/run.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The bytes of docs/checkpoint-format.md, sections 4 and 5, to and from the engine's types.
namespace mcp::core {

/// A task that runs next because of a send.
struct planned_send {
  node_index node = 0;
  value input{};
  std::optional<timeout_policy> timeout{};
};

/// What a checkpoint says about the future.
struct agenda {
  std::vector<node_index> triggered{};  ///< sorted, without repetition
  std::vector<planned_send> sends{};
  std::vector<std::uint64_t> joins{};  ///< per join of the plan: bits of the sources seen
  std::vector<node_index> deferred{};  ///< sorted
  /// Planned by a version whose fallbacks asked and acted under the ids of their node.
  bool shared_ids = false;
  [[nodiscard]] bool empty() const noexcept { return triggered.empty() && sends.empty(); }
};

/// All encoders throw `too_large` for values nested too deeply to be read back (`max_depth`, less
/// the few levels that the format puts around a value). `usage` is stored unless it is null.
[[nodiscard]] std::string encode_body(const graph_plan& plan, const patch_writer& patches,
                                      const agenda& next, const std::vector<node_index>& ran,
                                      const run_usage* usage);

struct decoded_body {
  agenda next{};
  std::vector<std::string> ran{};
  run_usage usage{};
};
/// Throws `corrupt_store` or `newer_format`; a node that the plan does not have is `unknown_node`.
[[nodiscard]] decoded_body decode_body(const graph_plan& plan, std::string_view body);
/// The input of a send to `node`: of the type it takes, or else a state or nothing.
[[nodiscard]] value read_input(cbor_reader& reader, const graph_plan& plan, node_index node);

[[nodiscard]] std::string encode_usage(const run_usage& usage);
/// What a run has used when its checkpoint says `usage` and `journal` follows it.
[[nodiscard]] run_usage usage_after(run_usage usage, const std::vector<journal_entry>& journal);
/// Names of what runs next, for listings; needs no plan.
[[nodiscard]] std::vector<std::string> next_nodes(std::string_view body);

/// Writes the defaults to which patches of `type` may add (lists and maps that are not empty at the
/// start): the first patches of a namespace, so that its bodies tell the whole state by themselves.
void write_defaults(const state_type& type, patch_writer& patches);

/// The tracked fields of a state as a snapshot, and back into a fresh state.
[[nodiscard]] std::string encode_snapshot(const state_pointer& state);
/// All fields of a state, those that are not stored too: what a node sees of it.
[[nodiscard]] std::string encode_whole(const state_pointer& state);
[[nodiscard]] state_pointer decode_snapshot(const state_type& type, std::string_view snapshot);
/// The state a stored checkpoint stands for.
[[nodiscard]] state_pointer rebuild_state(const state_type& type, const stored_checkpoint& stored);

[[nodiscard]] std::string encode_result(const graph_plan& plan, const node_result& result);
/// `parent` is the plan around `plan`, which says how a command for it is read; null for a root.
/// Throws `corrupt_store`; a send to a node that the plan does not have is `unknown_node`.
[[nodiscard]] node_result decode_result(const graph_plan& plan, std::string_view body,
                                        const graph_plan* parent = nullptr);

[[nodiscard]] std::string encode_interrupt(const pending_interrupt& interrupt,
                                           std::string_view task);
/// The interrupt and the task that asked. Its namespace is that of the journal: the caller sets it.
[[nodiscard]] std::pair<pending_interrupt, std::string> decode_interrupt(std::string_view key,
                                                                         std::string_view body);
/// `fallback`: the node that took over; empty: none.
[[nodiscard]] std::string encode_failure(const error& what, std::string_view fallback = {});
/// The error and the fallback.
[[nodiscard]] std::pair<error, std::string> decode_failure(std::string_view body);

/// A task's writes as a JSON object, for `updates` events.
[[nodiscard]] std::string writes_to_json(const state_type& type,
                                         const std::vector<channel_write>& writes);

/// `due`: when the run's deadline passes, if it has one; a run that is recovered keeps it.
/// `version`: of the graph that the run is pinned to; empty: of none.
[[nodiscard]] std::string encode_options(const run_options& options,
                                         std::optional<store_time> due = {},
                                         std::string_view version = {});
[[nodiscard]] run_options decode_options(std::string_view body);
[[nodiscard]] std::optional<store_time> decode_due(std::string_view body);
[[nodiscard]] std::string decode_version(std::string_view body);

}  // namespace mcp::core
