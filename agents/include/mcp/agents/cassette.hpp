#pragma once

#include "mcp/agents/chat_model.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// Recorded conversations with models: JSON Lines, one exchange a line.
namespace mcp {

struct cassette_options {
  /// Texts that must not get into the file: each is replaced by "[redacted]". For replay the same
  /// list as for recording. Headers are never part of what is recorded; the model's own key is
  /// replaced in what was said, too.
  std::vector<std::string> redact{};
  std::size_t max_file_bytes = 64u << 20;  ///< beyond: `too_large`
};

/// Asks `model` and appends each exchange to `file`, durably, before the caller hears its end.
/// Cancelled calls are left out. A call whose exchange cannot be written fails with `store_failed`
/// or `too_large`. What a crash left of a last line is cut off. Throws `store_failed`,
/// `invalid_argument`.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> record(
    std::shared_ptr<chat_model> model, const std::filesystem::path& file,
    cassette_options options = {});

/// Answers from `file`, failures included, without delay. The n-th call with the same request gets
/// the n-th recording of it; any other call fails with `cassette_miss`, which names the nearest
/// recording. Ids of messages and the call's tag do not count. Throws `store_failed`, `too_large`,
/// and for a malformed line an error that names file and line.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> replay(
    const std::filesystem::path& file, const cassette_options& options = {});

}  // namespace mcp
