// Cluster files from anywhere: what is wrong with one is told with its place, and reading one runs
// nothing, opens nothing and ends.

#include "cluster_file/read_file.hpp"
#include "fuzzed.hpp"

#include <algorithm>
#include <optional>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzzed::text_of(data, size);
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  mcp::cluster::problem_list problems{"fuzzed.yaml"};
  const auto variables = [](const std::string& name) -> std::optional<std::string> {
    if (name == "NAME") return "value";
    return std::nullopt;
  };
  const auto read = mcp::cluster::read_cluster_file("fuzzed.yaml", text, variables, problems);
  fuzzed::require(read.has_value() || problems.errors() > 0);
  const auto all = problems.sorted();
  fuzzed::require(all.size() <= mcp::cluster::max_problems + 1);
  for (const auto& one : all) {
    fuzzed::require(!one.message.empty());
    fuzzed::require(one.at.line >= 0 && one.at.line <= lines + 1);
  }
  return 0;
}
