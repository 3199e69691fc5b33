#include "tools/rooted_folder.hpp"

#include "mcp/error.hpp"
#include "tools/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mcp::tools {
namespace {

constexpr std::size_t max_path = 4096;
constexpr int max_tries = 16;  ///< of openat2 while others rename folders
constexpr std::size_t shown_path = 200;

[[noreturn]] void refuse(errc code, const std::string& path, const std::string& why) {
  throw error{code, "\"" + std::string{cut_text(path, shown_path)} + "\" " + why};
}

[[noreturn]] void failed(const std::string& path, int code) {
  if (code == EXDEV || code == ELOOP) {
    refuse(errc::access_denied, path, "leads out of the folder, or through a link");
  }
  if (code == ENXIO) refuse(errc::tool_failed, path, "is no regular file");
  refuse(errc::tool_failed, path, "cannot be opened: " + std::generic_category().message(code));
}

void check_path(const std::string& path) {
  if (path.size() > max_path) refuse(errc::tool_failed, path, "is too long a path");
  if (!is_text(path)) {
    throw error{errc::tool_failed, "the path has a NUL or is not UTF-8"};
  }
  if (path.starts_with('/')) {
    refuse(errc::access_denied, path, "is absolute; paths are relative to the folder");
  }
}

/// -1 with errno.
int open_beneath(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const auto opened = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (opened >= 0 || errno != EAGAIN || tries == max_tries) return static_cast<int>(opened);
  }
}

/// The same without the kernel's help; a link anywhere in the path is refused.
int open_step_by_step(int root, const std::string& path, int flags) {
  file_descriptor here{::fcntl(root, F_DUPFD_CLOEXEC, 0)};
  std::string_view rest = path;
  while (here.get() >= 0) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    const auto step = std::string{rest.substr(0, rest.find('/'))};
    rest.remove_prefix(step.size());
    const bool last = rest.find_first_not_of('/') == std::string_view::npos;
    if (step == "..") {
      errno = EXDEV;
      return -1;
    }
    const auto* name = step.empty() ? "." : step.c_str();
    if (last) return ::openat(here.get(), name, flags | O_NOFOLLOW);
    here =
        file_descriptor{::openat(here.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  }
  return -1;
}

std::string_view type_of(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "folder";
  return S_ISLNK(mode) ? "link" : "other";
}

}  // namespace

file_descriptor::~file_descriptor() {
  if (number_ >= 0) ::close(number_);
}

rooted_folder::rooted_folder(const std::string& root, confinement how)
    : root_(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), how_(how) {
  if (root_.get() < 0) {
    const auto code = errno;
    throw error{errc::invalid_argument, "the folder \"" + root + "\" cannot be opened: " +
                                            std::generic_category().message(code)};
  }
}

file_descriptor rooted_folder::open(const std::string& path, int flags) const {
  check_path(path);
  const auto& wanted = path.empty() ? "." : path;
  // Never waits for a pipe's other end, and takes no terminal.
  const auto all = flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  int opened = -1;
  if (how_ == confinement::kernel) {
    opened = open_beneath(root_.get(), wanted, all);
    const bool missing = opened < 0 && (errno == ENOSYS || errno == EPERM);
    if (missing) opened = open_step_by_step(root_.get(), wanted, all);
  } else {
    opened = open_step_by_step(root_.get(), wanted, all);
  }
  if (opened < 0) failed(path, errno);
  return file_descriptor{opened};
}

std::string rooted_folder::read(const std::string& path, std::size_t limit) const {
  const auto file = open(path, 0);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) failed(path, errno);
  if (!S_ISREG(about.st_mode)) refuse(errc::tool_failed, path, "is no regular file");
  const auto too_large = [&] {
    refuse(errc::too_large, path, "has more than " + std::to_string(limit) + " bytes");
  };
  if (static_cast<std::uintmax_t>(about.st_size) > limit) too_large();
  std::string text;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const auto count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) failed(path, errno);
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) too_large();
  }
  if (!is_text(text)) refuse(errc::tool_failed, path, "is no text in UTF-8");
  return text;
}

folder_listing rooted_folder::list(const std::string& path, std::size_t limit) const {
  auto folder = open(path, O_DIRECTORY);
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream{::fdopendir(folder.get()), close};
  if (!stream) failed(path, errno);
  static_cast<void>(folder.release());
  folder_listing result;
  while (const auto* found = ::readdir(stream.get())) {
    const std::string name{found->d_name};
    if (name == "." || name == ".." || !is_text(name)) continue;
    if (result.entries.size() == limit) {
      result.more = true;
      break;
    }
    struct stat about {};
    if (::fstatat(::dirfd(stream.get()), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const auto bytes = S_ISREG(about.st_mode) ? static_cast<std::int64_t>(about.st_size) : 0;
    result.entries.push_back({name, std::string{type_of(about.st_mode)}, bytes});
  }
  std::sort(result.entries.begin(), result.entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return result;
}

}  // namespace mcp::tools
