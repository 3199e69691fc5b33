#include "mcp/checkpoint_store.hpp"
#include "store/sqlite_file.hpp"

#include <filesystem>
#include <memory>
#include <system_error>

#include <sqlite3.h>

namespace mcp {
namespace {

constexpr int all_pages = -1;

/// Removes what a copy that was cut off has left.
void remove_copy(const std::string& path) noexcept {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(path + suffix, ignored);
  }
}

/// In one step, so that it is one moment's content; with a write-ahead log this holds up nobody.
void copy_pages(const store::sqlite_connection& from, const store::sqlite_connection& to) {
  auto* copying = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (copying == nullptr) to.fail(sqlite3_extended_errcode(to.handle()), "begin a copy");
  sqlite3_backup_step(copying, all_pages);
  const int code = sqlite3_backup_finish(copying);
  if (code != SQLITE_OK) to.fail(code, "copy '" + from.path() + "' into it");
}

}  // namespace

std::uint64_t backup_sqlite_store(const std::string& path, const std::string& target) {
  const auto wanted = store::sqlite_path(target);
  std::error_code problem;
  if (std::filesystem::exists(wanted, problem)) {
    throw error(errc::invalid_argument,
                "'" + wanted + "' exists already; name a new file for the copy");
  }
  const auto from = store::open_sqlite_reader(store::sqlite_path(path));
  const auto unfinished = wanted + ".part";
  remove_copy(unfinished);
  try {
    {
      store::sqlite_connection to(unfinished, store::sqlite_connection::access::create);
      copy_pages(*from, to);
      if (const auto found = to.text("PRAGMA quick_check(1)"); found != "ok") {
        throw error(errc::corrupt_store, "SQLite file '" + from->path() + "' is damaged: " + found);
      }
    }
    const auto bytes = std::filesystem::file_size(unfinished);
    std::filesystem::rename(unfinished, wanted);
    return bytes;
  } catch (const std::filesystem::filesystem_error& what) {
    remove_copy(unfinished);
    throw error(errc::store_failed, what.what());
  } catch (...) {
    remove_copy(unfinished);
    throw;
  }
}

}  // namespace mcp
