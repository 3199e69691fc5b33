#include "floors.hpp"
#include "graphs.hpp"
#include "rows.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <elf.h>

namespace bench {
namespace {

using counter_executor = mcp::executor<counter_state>;

constexpr std::chrono::milliseconds waiting_time{1000};
/// So long that no run ends while their memory is looked at.
constexpr std::chrono::milliseconds endless{3'600'000};

/// Runs that wait on a timer, all at once.
class waiting_runs {
 public:
  waiting_runs(std::size_t how_many, std::chrono::milliseconds delay) : runs_(how_many) {
    started_.reserve(runs_);
    mcp::graph<counter_state> graph{"waiting"};
    graph.entry_point("wait").node(
        "wait", [this, delay](const counter_state&, mcp::reply<counter_state> reply) {
          reply.done_after(delay, {});
          ++waiting_;
        });
    executor_ = std::make_unique<counter_executor>(graph);
  }

  /// Bytes that each run takes while all of them wait.
  double bytes_per_run() {
    const auto before = allocated_bytes();
    start();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (waiting_ < runs_) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("a run does not wait");
      std::this_thread::yield();
    }
    return (allocated_bytes() - before) / static_cast<double>(runs_);
  }
  /// Milliseconds until the last has ended.
  double wall() {
    return microseconds_of([&] {
             start();
             for (const auto& run : started_) finished(run.join());
           }) /
           1000;
  }

 private:
  void start() {
    while (started_.size() < runs_) started_.push_back(executor_->start({}));
  }

  const std::size_t runs_;
  std::atomic<std::size_t> waiting_{0};
  std::vector<mcp::run_handle<counter_state>> started_;
  std::unique_ptr<counter_executor> executor_;
};

/// Runs that ask a person: how long each takes until it waits, and what it then takes.
class asking_runs {
 public:
  asking_runs(std::size_t how_many, std::shared_ptr<mcp::checkpoint_store> store)
      : runs_(how_many) {
    mcp::graph<counter_state> graph{"asking"};
    graph.entry_point("ask").node("ask", [](const counter_state& s, mcp::context& ctx) {
      return mcp::update<counter_state>{}.set(&counter_state::n,
                                              s.n + ctx.ask<std::int64_t>("How many?"));
    });
    executor_ =
        std::make_unique<counter_executor>(graph, mcp::executor_options{.store = std::move(store)});
  }
  /// Microseconds per run.
  double ask() {
    return microseconds_of([&] {
             std::vector<mcp::run_handle<counter_state>> started;
             started.reserve(runs_);
             for (std::size_t i = 0; i < runs_; ++i) {
               started.push_back(executor_->start({}, {.thread_id = std::to_string(asked_ + i),
                                                       .durability = mcp::durability::async}));
             }
             for (const auto& run : started) static_cast<void>(run.wait());
             asked_ += runs_;
           }) /
           static_cast<double>(runs_);
  }
  /// The same, of those asked last.
  double answer() {
    return microseconds_of([&] {
             std::vector<mcp::run_handle<counter_state>> started;
             for (std::size_t i = asked_ - runs_; i < asked_; ++i) {
               started.push_back(
                   executor_->resume(std::to_string(i), mcp::answers::only(std::int64_t{1})));
             }
             for (const auto& run : started) finished(run.join());
           }) /
           static_cast<double>(runs_);
  }
  /// Bytes in memory of each that waits.
  double memory() {
    const auto before = allocated_bytes();
    static_cast<void>(ask());
    return (allocated_bytes() - before) / static_cast<double>(runs_);
  }

 private:
  std::size_t runs_;
  std::size_t asked_ = 0;
  std::unique_ptr<counter_executor> executor_;
};

/// A SQLite store in a folder of its own, which goes with it.
struct stored_runs {
  explicit stored_runs(std::size_t how_many)
      : runs(how_many, mcp::sqlite_checkpoint_store((folder.path() / "asking.db").string())) {}
  [[nodiscard]] double file_bytes() const {
    std::uintmax_t sum = 0;
    for (const auto& one : std::filesystem::directory_iterator{folder.path()}) {
      sum += one.file_size();
    }
    return static_cast<double>(sum);
  }

  temporary_folder folder{};
  asking_runs runs;
};

constexpr double most_bytes = 4096;

spec asking_time_row(const char* name, double (*measure)(asking_runs&)) {
  return {name, "us", "", {}, [measure](const settings& how) -> probes {
            const auto kept = std::make_shared<stored_runs>(how.quick ? 100 : 2'000);
            return {[kept, measure] { return measure(kept->runs); }, {}};
          }};
}

/// A row of what `count` runs take, each, `measure`d anew in each repetition.
spec bytes_row(const std::string& name, std::size_t count, double (*measure)(std::size_t)) {
  return {
      name, "B", "", {{bound_kind::value_at_most, most_bytes}}, [=](const settings& how) -> probes {
        const auto runs = how.quick ? count / 100 : count;
        return {[=] { return measure(runs); }, {}};
      }};
}

double timer_bytes(std::size_t count) {
  return waiting_runs{count, endless}.bytes_per_run();
}
double asking_bytes(std::size_t count) {
  return asking_runs{count, mcp::in_memory_checkpoint_store()}.memory();
}
double stored_asking_bytes(std::size_t count) {
  return stored_runs{count}.runs.memory();
}
double stored_file_bytes(std::size_t count) {
  stored_runs stored{count};
  static_cast<void>(stored.runs.ask());
  return stored.file_bytes() / static_cast<double>(count);
}

/// What a run that waits takes: of 10,000, and of 100,000.
std::vector<spec> waiting_bytes_rows() {
  std::vector<spec> rows;
  const auto add = [&rows](const std::string& what, const std::string& where,
                           double (*measure)(std::size_t)) {
    rows.push_back(bytes_row(what + " of each of 10,000 runs waiting " + where, 10'000, measure));
    rows.push_back(bytes_row(what + " of each of 100,000 runs waiting " + where, 100'000, measure));
  };
  add("memory", "on a timer", timer_bytes);
  add("memory", "for a person, in-memory store", asking_bytes);
  add("memory", "for a person, SQLite", stored_asking_bytes);
  add("file", "for a person, SQLite", stored_file_bytes);
  return rows;
}

/// What is loaded of a program or a library: its file without debug information.
double loaded_mebibytes(const char* file) {
  std::ifstream in{file, std::ios::binary};
  Elf64_Ehdr header{};
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  in.seekg(static_cast<std::streamoff>(header.e_phoff));
  double sum = 0;
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    in.read(reinterpret_cast<char*>(&segment), sizeof segment);
    if (segment.p_type == PT_LOAD) sum += static_cast<double>(segment.p_filesz);
  }
  if (!in || sum <= 0) throw std::runtime_error(std::string{"cannot read the size of "} + file);
  return sum / 1024 / 1024;
}

spec size_row(const char* name, const char* file) {
  return {name, "MiB", "", {}, [file](const settings&) -> probes {
            return {[file] { return loaded_mebibytes(file); }, {}};
          }};
}

}  // namespace

void be_first_program() {
  counter_executor executor{chain_graph()};
  finished(executor.run_to_result({}));
  print_resident();
}

std::vector<spec> process_rows() {
  using enum bound_kind;
  auto rows = waiting_bytes_rows();
  std::vector<spec> more{
      {"10,000 runs waiting on a timer of 1 s",
       "ms",
       "a bare timer",
       {{ratio_at_most, 1.3}},
       [](const settings&) -> probes {
         constexpr std::size_t runs = 10'000;
         return {[] {
                   return waiting_runs{runs, waiting_time}.wall();
                 },
                 [] { return timer_wall(runs, waiting_time); }};
       }},
      asking_time_row("run that asks a person, until it waits (SQLite, async)",
                      [](asking_runs& all) { return all.ask(); }),
      asking_time_row("run that is answered, until its end (SQLite)",
                      [](asking_runs& all) {
                        static_cast<void>(all.ask());
                        return all.answer();
                      }),
      {"cold start to first result",
       "ms",
       "bare CAF",
       {{value_at_most, 20}},
       [](const settings&) -> probes {
         return {[] { return start_process(first_program_argument).milliseconds; },
                 [] { return start_process(bare_caf_argument).milliseconds; }};
       }},
      {"resident memory after the first result",
       "MiB",
       "bare CAF",
       {},
       [](const settings&) -> probes {
         return {[] { return start_process(first_program_argument).resident_mib; },
                 [] { return start_process(bare_caf_argument).resident_mib; }};
       }},
      size_row("size of libmcp.so", BENCH_LIBRARY),
      size_row("size of mcp-cluster", BENCH_CLUSTER),
  };
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace bench
