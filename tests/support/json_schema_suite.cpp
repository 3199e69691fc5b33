// Runs the official JSON Schema test suite: json_schema_suite FOLDER [--failures]
// FOLDER holds draft2020-12/ and draft7/. Prints the pass rate of every file (one keyword each) as
// a Markdown table. Exit codes: 0 when every draft passes at least the required share, 1 when
// not, 2 when the suite cannot be read.

#include "mcp/error.hpp"
#include "mcp/json_schema.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr double required_share = 0.97;

struct tally {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t remote = 0;  ///< need a document that is not part of the schema

  void add(const tally& other) {
    passed += other.passed;
    failed += other.failed;
    remote += other.remote;
  }
  [[nodiscard]] double share() const {
    const auto all = passed + failed;
    return all == 0 ? 0.0 : static_cast<double>(passed) / static_cast<double>(all);
  }
};

/// Whether the validator refused a reference to another document of the suite or a meta-schema.
bool is_remote(const mcp::error& problem) {
  const std::string_view text = problem.message();
  if (text.find("other documents are not fetched") == std::string_view::npos) return false;
  return text.find("\"http://localhost:1234/") != std::string_view::npos ||
         text.find("\"https://json-schema.org/draft/") != std::string_view::npos ||
         text.find("\"http://json-schema.org/draft-") != std::string_view::npos;
}

/// Whether the case's own meta-schema is one of the suite's documents.
bool has_remote_meta_schema(const json& schema) {
  return schema.is_object() &&
         schema.value("$schema", std::string{}).starts_with("http://localhost:1234/");
}

class suite_runner {
 public:
  suite_runner(std::string default_draft, bool show_failures)
      : default_draft_(std::move(default_draft)), show_failures_(show_failures) {}

  tally run_file(const fs::path& file) const {
    std::ifstream input{file};
    tally result;
    for (const auto& group : json::parse(input)) result.add(run_group(file.stem(), group));
    return result;
  }

 private:
  tally run_group(const std::string& keyword, const json& group) const {
    tally result;
    const auto& tests = group.at("tests");
    const auto& name = group.at("description").get_ref<const std::string&>();
    if (has_remote_meta_schema(group.at("schema"))) return {0, 0, tests.size()};
    // Draft-07 cases do not name their draft, the folder does.
    json schema = group.at("schema");
    if (!default_draft_.empty() && schema.is_object() && !schema.contains("$schema")) {
      schema["$schema"] = default_draft_;
    }
    try {
      const mcp::json_schema compiled{std::move(schema)};
      for (const auto& test : tests) {
        const bool valid = compiled.validate(test.at("data")).empty();
        const bool right = valid == test.at("valid").get<bool>();
        ++(right ? result.passed : result.failed);
        if (!right) report(keyword, name + ": " + test.at("description").get<std::string>());
      }
    } catch (const mcp::error& problem) {
      const bool remote = is_remote(problem);
      (remote ? result.remote : result.failed) += tests.size();
      report(keyword, name + (remote ? " (remote): " : ": ") + problem.message());
    }
    return result;
  }

  void report(const std::string& keyword, const std::string& what) const {
    if (show_failures_) std::cout << "! " << keyword << ": " << what << '\n';
  }

  std::string default_draft_;
  bool show_failures_;
};

void print_row(const std::string& name, const tally& row) {
  std::cout << "| " << name << " | " << row.passed << " | " << row.failed << " | " << row.remote
            << " | ";
  if (row.passed + row.failed == 0) {
    std::cout << "- |\n";
  } else {
    std::cout << std::fixed << std::setprecision(1) << row.share() * 100 << " % |\n";
  }
}

tally run_folder(const fs::path& folder, const suite_runner& runner) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::cout << "| keyword | passed | failed | remote | share |\n|---|---|---|---|---|\n";
  tally sum;
  for (const auto& file : files) {
    const auto row = runner.run_file(file);
    print_row(file.stem(), row);
    sum.add(row);
  }
  print_row("**all**", sum);
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: json_schema_suite FOLDER [--failures]\n";
    return 2;
  }
  const fs::path root = argv[1];
  const bool show_failures = argc > 2 && std::string_view{argv[2]} == "--failures";
  bool enough = true;
  try {
    for (const std::string draft : {"draft2020-12", "draft7"}) {
      const suite_runner runner{draft == "draft7" ? "http://json-schema.org/draft-07/schema#" : "",
                                show_failures};
      std::cout << "\n" << draft << ", required tests\n\n";
      enough = run_folder(root / draft, runner).share() >= required_share && enough;
      std::cout << "\n" << draft << ", optional tests (without \"format\")\n\n";
      run_folder(root / draft / "optional", runner);
    }
  } catch (const std::exception& problem) {
    std::cerr << "the suite cannot be run: " << problem.what() << '\n';
    return 2;
  }
  return enough ? 0 : 1;
}
