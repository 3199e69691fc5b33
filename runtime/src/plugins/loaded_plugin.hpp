#pragma once

#include "mcp/plugin.hpp"

#include <memory>
#include <string>

namespace mcp::cluster {

/// A plugin in this process. Never unloaded: what it made may live as long as the process.
struct loaded_plugin {
  std::string file{};  ///< where it was found; empty: part of the program
  std::string name{};
  std::string version{};
  std::string description{};
  plugin offers{};
};

/// Checks a manifest, asks what it offers, and checks that. Throws `invalid_plugin`.
[[nodiscard]] std::shared_ptr<const loaded_plugin> load_plugin(const plugin_manifest& manifest,
                                                               std::string file = {});

/// Opens a shared object and does the same. A file that is open already gives the plugin that is
/// there. Whatever its code does, it does to this process: see `try_plugin`. Throws
/// `invalid_plugin`. Safe from several threads.
[[nodiscard]] std::shared_ptr<const loaded_plugin> open_plugin(const std::string& file);

}  // namespace mcp::cluster
