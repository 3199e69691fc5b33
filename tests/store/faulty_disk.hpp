#pragma once

#include <cstdint>

namespace mcp::test {

/// What happens to SQLite's writes from now on.
struct alignas(8) disk_fault {  // so that it can be an atomic without a lock
  enum class kind : std::uint8_t {
    none,
    die,   ///< the process ends in the middle of the write, as if it was killed
    full,  ///< the write and all after it fail for lack of space
  };
  kind what = kind::none;
  int after = 0;  ///< writes that still succeed
};

/// Puts itself between SQLite and its files, for files opened from now on.
void install_faulty_disk();
void set_disk_fault(disk_fault fault);
/// Writes since the last `set_disk_fault`.
[[nodiscard]] int disk_writes();

}  // namespace mcp::test
