#include "floors.hpp"
#include "harness.hpp"
#include "report.hpp"
#include "rows.hpp"

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace {

struct choices {
  std::string json_file;
  std::string only;
  bool quick = false;
  bool list = false;
};

// Every row of the benchmark, in the order they are measured.
std::vector<bench::spec> all_rows() {
  std::vector<bench::spec> all;
  for (auto&& rows : {bench::engine_rows(), bench::store_rows(), bench::process_rows(),
                      bench::agent_rows(), bench::model_rows(), bench::cluster_rows(),
                      bench::floor_rows()}) {
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

std::vector<bench::spec> chosen_rows(const std::string& only) {
  std::vector<bench::spec> rows;
  for (bench::spec& row : all_rows()) {
    if (row.name.find(only) != std::string::npos) rows.push_back(std::move(row));
  }
  return rows;
}

// One line that is written over and over, for a person who waits.
class progress_line {
 public:
  void show(std::size_t row, std::size_t rows, const std::string& name, int done, int of) const {
    if (!terminal_) return;
    std::fprintf(stderr, "\r\033[K[%zu/%zu] %s %d/%d", row, rows, name.c_str(), done, of);
    std::fflush(stderr);
  }

  void clear() const {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) == 1;
};

std::vector<bench::row> measure_all(const std::vector<bench::spec>& specs,
                                    const bench::settings& how, std::ofstream* json) {
  std::vector<bench::row> rows;
  const progress_line line;
  for (const bench::spec& one : specs) {
    const std::size_t number = rows.size() + 1;
    rows.push_back(bench::measure(
        one, how, [&](int done, int of) { line.show(number, specs.size(), one.name, done, of); }));
    line.clear();
    if (json != nullptr) *json << bench::json_line(rows.back()) << std::endl;
  }
  return rows;
}

int run(const choices& wanted) {
  const std::vector<bench::spec> specs = chosen_rows(wanted.only);
  if (specs.empty()) {
    std::fprintf(stderr, "no row contains \"%s\"; --list shows all\n", wanted.only.c_str());
    return 2;
  }
  if (wanted.list) {
    for (const bench::spec& one : specs) {
      std::printf("%s [%s]: %s\n", one.name.c_str(), one.unit.c_str(),
                  bench::target_text(one).c_str());
    }
    return 0;
  }
  std::ofstream json;
  if (!wanted.json_file.empty()) {
    json.open(wanted.json_file);
    if (!json) {
      std::fprintf(stderr, "cannot write %s\n", wanted.json_file.c_str());
      return 2;
    }
  }
  bench::settings how;
  if (wanted.quick) how = {3, std::chrono::milliseconds(10), true};
  std::printf("%s\n\n", bench::machine_line().c_str());
  const std::vector<bench::row> rows = measure_all(specs, how, json.is_open() ? &json : nullptr);
  std::fputs(bench::table(rows).c_str(), stdout);
  int failures = 0;
  if (json.is_open() && !json) {
    std::fprintf(stderr, "not all was written to %s\n", wanted.json_file.c_str());
    ++failures;
  }
  for (const bench::row& one : rows) {
    if (one.failure.empty()) continue;
    std::fprintf(stderr, "%s: %s\n", one.name.c_str(), one.failure.c_str());
    ++failures;
  }
  return failures == 0 ? 0 : 1;
}

// Whether the program is to be the other process of a row, which is then done.
bool be_other_process(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return false;
  const auto& what = arguments.front();
  if (what == bench::first_program_argument) {
    bench::be_first_program();
  } else if (what == bench::bare_caf_argument) {
    bench::be_bare_caf();
  } else if (what == bench::bare_caf_answerer_argument) {
    bench::be_bare_caf_answerer(std::stoul(arguments.at(1)));
  } else if (what == bench::worker_argument) {
    bench::be_worker({arguments.begin() + 1, arguments.end()});
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (be_other_process({argv + 1, argv + argc})) return 0;
  CLI::App app{
      "Measures the library beside the bare floors it stands on.\n"
      "Each figure is the median of several repetitions, taken in turn with those of its floor;\n"
      "+- is half the interquartile range. A missed target is no error.",
      "bench"};
  choices wanted;
  app.add_option("--json", wanted.json_file, "also write one JSON object a line to this file");
  app.add_option("--only", wanted.only, "only rows whose name contains this text");
  app.add_flag("--quick", wanted.quick, "few and short repetitions: shows that it runs");
  app.add_flag("--list", wanted.list, "list the rows and their targets, measure nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  return run(wanted);
}
