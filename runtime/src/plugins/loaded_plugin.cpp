#include "plugins/loaded_plugin.hpp"

#include "plugins/plugin_rules.hpp"

#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include <dlfcn.h>
#include <sys/stat.h>

namespace mcp::cluster {
namespace {

/// What tells whether the bytes of a file are those that were loaded.
using file_stamp = std::tuple<off_t, std::int64_t, std::int64_t>;
using file_identity = std::pair<dev_t, ino_t>;

struct open_file {
  file_stamp stamp;
  std::shared_ptr<const loaded_plugin> plugin;
};

struct open_files {
  std::mutex mutex;
  std::map<file_identity, open_file> all;
  std::map<std::filesystem::path, std::size_t> uses_of_path;  ///< by different files
};

open_files& known_files() {
  static open_files files;
  return files;
}

struct stat status_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) refuse_plugin("there is no such file, or it cannot be read");
  if (!S_ISREG(status.st_mode)) refuse_plugin("this is no file");
  return status;
}

/// A path of the file that the loader has not seen before: it takes the same path for the same file,
/// also where another one was renamed over it.
std::string fresh_path(const std::string& file, open_files& known) {
  // A name without a folder would be searched for in the folders of the system.
  const auto path = std::filesystem::absolute(file).lexically_normal();
  auto folder = path.parent_path().string();
  for (auto uses = known.uses_of_path[path]++; uses > 0; --uses) folder += "/.";
  return folder + "/" + path.filename().string();
}

const plugin_manifest& manifest_of(const std::string& path) {
  auto* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    refuse_plugin(std::string{"it cannot be loaded: "} + (reason == nullptr ? "no reason" : reason));
  }
  const auto* manifest =
      static_cast<const plugin_manifest*>(::dlsym(handle, "mcp_plugin_manifest"));
  if (manifest == nullptr) {
    refuse_plugin("it has no symbol mcp_plugin_manifest: it is no plugin of FastMCP; MCP_PLUGIN makes one");
  }
  return *manifest;
}

}  // namespace

std::shared_ptr<const loaded_plugin> load_plugin(const plugin_manifest& manifest,
                                                 std::string file) {
  check_manifest(manifest);
  auto made = std::make_shared<loaded_plugin>();
  made->file = std::move(file);
  made->name = text_or_none(manifest.name);
  made->version = text_or_none(manifest.version);
  made->description = text_or_none(manifest.description);
  try {
    manifest.offer(made->offers);
  } catch (const std::exception& what) {
    refuse_plugin(std::string{"its function threw: "} + what.what());
  } catch (...) {
    refuse_plugin("its function threw something that is no exception of the standard library");
  }
  check_offers(made->offers);
  return made;
}

std::shared_ptr<const loaded_plugin> open_plugin(const std::string& file) {
  const auto status = status_of(file);
  const file_identity which{status.st_dev, status.st_ino};
  const file_stamp stamp{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  auto& files = known_files();
  const std::lock_guard lock{files.mutex};
  if (const auto known = files.all.find(which); known != files.all.end()) {
    if (known->second.stamp == stamp) return known->second.plugin;
    refuse_plugin("it was written over while it is loaded: put a new version into a new file, and rename "
           "that");
  }
  auto made = load_plugin(manifest_of(fresh_path(file, files)), file);
  files.all.emplace(which, open_file{stamp, made});
  return made;
}

}  // namespace mcp::cluster
