#pragma once

#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "system/cluster_system.hpp"

#include <fstream>
#include <memory>
#include <string>

namespace mcp::test {

/// A cluster file in a folder of its own.
class cluster_folder {
 public:
  explicit cluster_folder(const std::string& text) { write("team.yaml", text); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{folder_.file(name), std::ios::binary} << text;
  }
  [[nodiscard]] std::string path(const std::string& name = "team.yaml") const {
    return folder_.file(name);
  }
  [[nodiscard]] std::shared_ptr<cluster::cluster_system> load(
      const cluster::load_options& options = {}) const {
    return cluster::cluster_system::load(path(), options);
  }
  /// The problems, one a line, without the folder.
  [[nodiscard]] std::string problems(const cluster::load_options& options = {}) const {
    auto found = cluster::cluster_system::check(path(), options);
    for (auto& one : found) one.file = "team.yaml";
    return cluster::to_text(found);
  }

 private:
  temporary_folder folder_;
};

/// Runs a file to its end; throws the run's error.
inline nlohmann::json run_file(const std::string& text,
                               const nlohmann::json& input = nlohmann::json::object(),
                               const cluster::load_options& options = {}) {
  const cluster_folder folder{text};
  const auto system = folder.load(options);
  const auto ended = system->executor().run_to_result(json_state{system->type(), input},
                                                      system->default_run_options());
  ended.check();
  return nlohmann::json(ended.state().to_json());
}

}  // namespace mcp::test
