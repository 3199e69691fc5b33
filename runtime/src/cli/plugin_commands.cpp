#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/this_program.hpp"
#include "plugins/plugin_project.hpp"
#include "plugins/plugin_report.hpp"
#include "plugins/plugin_rules.hpp"
#include "plugins/plugin_trial.hpp"

#include <filesystem>
#include <fstream>

namespace mcp::cluster {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file{path, std::ios::binary};
  file << text;
  file.close();
  if (!file) throw error{errc::invalid_argument, path.string() + " cannot be written"};
}

/// An empty folder, made if need be.
void make_folder(const fs::path& folder) {
  std::error_code failed;
  if (fs::exists(folder, failed) && (!fs::is_directory(folder) || !fs::is_empty(folder))) {
    throw error{errc::invalid_argument,
                folder.string() + " is there already; name another --folder"};
  }
  fs::create_directories(folder, failed);
  if (failed) {
    throw error{errc::invalid_argument,
                folder.string() + " cannot be made: " + failed.message()};
  }
}

}  // namespace

int plugin_check_command(const command_options& options) {
  try {
    try_plugin(options.file, {.program = this_program});
  } catch (const error& wrong) {
    throw error{wrong.code(), options.file + ": " + wrong.message()};
  }
  const auto plugin = open_plugin(options.file);
  if (options.json) {
    print_line(to_line(to_report(*plugin)));
  } else {
    print(to_text(*plugin));
  }
  return exit_done;
}

int plugin_new_command(const command_options& options) {
  if (!is_plugin_name(options.name)) {
    throw error{errc::invalid_argument,
                "\"" + options.name + "\" is no name of a plugin: write 1 to 64 letters, digits, "
                "'_' and '-'"};
  }
  const fs::path folder = options.folder.empty() ? options.name : options.folder;
  make_folder(folder);
  auto names = nlohmann::ordered_json::array();
  for (const auto& [name, text] : plugin_project(options.name)) {
    write_file(folder / name, text);
    names.push_back(name);
  }
  if (options.json) {
    print_line(to_line({{"folder", folder.string()}, {"files", names}}));
  } else {
    print_line(folder.string());
    complain("written", "go on: cd " + folder.string() +
                            " && cmake -B build && cmake --build build && ctest --test-dir build");
  }
  return exit_done;
}

}  // namespace mcp::cluster
