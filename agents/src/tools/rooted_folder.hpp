#pragma once

#include "mcp/describe.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mcp::tools {

/// Owns a file descriptor.
class file_descriptor {
 public:
  explicit file_descriptor(int number = -1) noexcept : number_(number) {}
  file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  file_descriptor& operator=(file_descriptor other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~file_descriptor();
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

struct folder_entry {
  std::string name{};
  std::string type{};  ///< "file", "folder", "link" or "other"
  std::int64_t bytes = 0;
};
MCP_STRUCT(folder_entry, name, type, bytes)

struct folder_listing {
  std::vector<folder_entry> entries{};  ///< sorted by name
  bool more = false;                    ///< there are more than were asked for
};
MCP_STRUCT(folder_listing, entries, (more, mcp::doc("there are more entries than are listed")))

/// How paths are kept inside: by the kernel's openat2, or, where it does not exist, by a walk that
/// follows no link at all.
enum class confinement : std::uint8_t { kernel, walk };

/// Reads below one folder and nowhere else. Paths are relative to it. Safe from several threads.
/// Errors: `access_denied` for a way out, `too_large`, `tool_failed` for everything else.
class rooted_folder {
 public:
  /// Throws `invalid_argument` when `root` is no folder that can be opened.
  explicit rooted_folder(const std::string& root, confinement how = confinement::kernel);

  /// The text of a regular file of at most `limit` bytes.
  [[nodiscard]] std::string read(const std::string& path, std::size_t limit) const;
  [[nodiscard]] folder_listing list(const std::string& path, std::size_t limit) const;

 private:
  [[nodiscard]] file_descriptor open(const std::string& path, int flags) const;

  file_descriptor root_;
  confinement how_;
};

}  // namespace mcp::tools
