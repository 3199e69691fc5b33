#include "store/file_lock.hpp"

#include "mcp/error.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace mcp::store {
namespace {

std::string reason(int code) {
  return std::generic_category().message(code);
}

std::string owner_of(int file) {
  std::array<char, 24> text{};
  const auto count = ::pread(file, text.data(), text.size(), 0);
  std::string result;
  for (ssize_t i = 0; i < count; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') break;
    result += c;
  }
  return result.empty() ? "another process" : "process " + result;
}

}  // namespace

file_lock::file_lock(const std::string& path) {
  const std::string name = path + ".lock";
  file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) {
    const int code = errno;
    throw error(code == ENOSPC || code == EDQUOT ? errc::store_full : errc::store_failed,
                "cannot create '" + name + "': " + reason(code) +
                    "; make the folder exist and writable, or choose another path");
  }
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    const std::string owner = owner_of(file_);
    ::close(file_);
    if (code != EWOULDBLOCK) {
      throw error(errc::store_failed, "cannot lock '" + name + "': " + reason(code));
    }
    throw error(errc::store_failed, "'" + path + "' is in use by " + owner +
                                        "; stop it, or open the file with sqlite_mode::read");
  }
  // The id is for people only: without space for it the lock holds all the same.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file_, 0) == 0) {
    [[maybe_unused]] const auto written = ::pwrite(file_, pid.data(), pid.size(), 0);
  }
}

file_lock::~file_lock() {
  // The file stays: removing it would let two processes lock two files of the same name.
  ::close(file_);
}

}  // namespace mcp::store
