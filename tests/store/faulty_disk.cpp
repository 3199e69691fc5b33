#include "store/faulty_disk.hpp"

#include <array>
#include <atomic>

#include <sqlite3.h>
#include <unistd.h>

namespace mcp::test {
namespace {

std::atomic<disk_fault> fault;
std::atomic<int> writes{0};
sqlite3_vfs vfs;
sqlite3_vfs* original_vfs = nullptr;
int (*original_write)(sqlite3_file*, const void*, int, sqlite3_int64) = nullptr;

/// A table of functions of SQLite (databases and logs have different ones) and ours in its place.
struct replacement {
  const sqlite3_io_methods* original = nullptr;
  sqlite3_io_methods ours{};
};
std::array<replacement, 4> replacements;

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const disk_fault now = fault;
  if (writes++ < now.after || now.what == disk_fault::kind::none) {
    return original_write(file, data, size, offset);
  }
  if (now.what == disk_fault::kind::full) return SQLITE_FULL;
  original_write(file, data, size / 2, offset);  // torn
  ::_exit(42);
}

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  const int code = original_vfs->xOpen(original_vfs, name, file, flags, out);
  if (code == SQLITE_OK && file->pMethods != nullptr) {
    for (auto& one : replacements) {
      if (one.original == nullptr) {
        original_write = file->pMethods->xWrite;
        one = {file->pMethods, *file->pMethods};
        one.ours.xWrite = write;
      }
      if (one.original == file->pMethods) {
        file->pMethods = &one.ours;
        break;
      }
    }
  }
  return code;
}

}  // namespace

void install_faulty_disk() {
  if (original_vfs != nullptr) return;
  original_vfs = sqlite3_vfs_find(nullptr);
  vfs = *original_vfs;
  vfs.zName = "faulty";
  vfs.xOpen = open;
  sqlite3_vfs_register(&vfs, 1);
}

void set_disk_fault(disk_fault next) {
  writes = 0;
  fault = next;
}

int disk_writes() {
  return writes;
}

}  // namespace mcp::test
