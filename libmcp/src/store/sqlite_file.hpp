#pragma once

#include "store/sqlite_connection.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mcp::store {

/// The file format this version writes, and the last one it reads.
inline constexpr std::int64_t sqlite_format = 1;
/// "MCP1" in the file's header.
inline constexpr std::int64_t sqlite_application_id = 0x4d435031;
/// Files up to this size are checked as a whole when an owner opens them.
inline constexpr std::int64_t checked_on_open_bytes = 8 * 1024 * 1024;

/// `path`, absolute and without links, so that one file has one name. Throws `invalid_argument`
/// for an empty path or one with a NUL.
[[nodiscard]] std::string sqlite_path(const std::string& path);

struct sqlite_open_options {
  bool power_safe = false;
  bool check = false;  ///< look for damage in the whole file, if it is small
};

/// Opens a file of ours for writing and makes its tables if it is new. `corrupt_store` for another
/// application's file or a damaged one, `newer_format` for a later version's.
[[nodiscard]] std::unique_ptr<sqlite_connection> open_sqlite_writer(
    const std::string& path, const sqlite_open_options& options);

/// Opens an existing file of ours for reading.
[[nodiscard]] std::unique_ptr<sqlite_connection> open_sqlite_reader(const std::string& path);

}  // namespace mcp::store
