#pragma once

#include "cluster_file/store_place.hpp"
#include "mcp/checkpoint_store.hpp"
#include "mcp/memory_store.hpp"
#include "system/kept_files.hpp"

#include <cstdint>
#include <memory>
#include <string>

// Opens what a place names.

namespace mcp::cluster {

enum class store_access : std::uint8_t { read, change };

/// Null for "none". `server` is this process's name among those that share the store.
[[nodiscard]] std::shared_ptr<checkpoint_store> open_checkpoints(
    const std::string& place, store_access access = store_access::change,
    const std::string& server = {});
[[nodiscard]] std::shared_ptr<memory_store> open_memory(const std::string& place,
                                                        const memory_options& options = {});
[[nodiscard]] std::shared_ptr<kept_files> open_kept_files(const std::string& place);

}  // namespace mcp::cluster
