// Runs all fuzz targets without libFuzzer: each file of their corpora, then inputs that a seed
// makes of them. So every build of the tests compiles the targets and finds what the seeds once
// found.
//
//   fuzz_corpus [RUNS]      changed inputs for each target, 2,000; MCP_TEST_SEED is their seed
//
// The input that a target fails at is left in the folder as failed-TARGET.

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MCP_FUZZ_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#endif

// One function for each target; CMake names them so.
#define MCP_FUZZ_TARGET(subject, folders) \
  extern "C" int fuzz_##subject(const std::uint8_t* data, std::size_t size);
#include "fuzz_targets.inc"
#undef MCP_FUZZ_TARGET

namespace {

constexpr std::size_t default_runs = 2'000;
constexpr std::size_t most_changes = 6;
constexpr std::size_t largest = 4'096;

struct target {
  const char* name;
  int (*run)(const std::uint8_t*, std::size_t);
  std::vector<std::string> folders;  ///< of its corpus
};

const std::vector<target>& targets() {
  static const std::vector<target> all{
#define MCP_FUZZ_TARGET(subject, folders) {#subject, fuzz_##subject, folders},
#include "fuzz_targets.inc"
#undef MCP_FUZZ_TARGET
  };
  return all;
}

using input = std::vector<std::uint8_t>;

/// What is being run, for the moment it fails.
const char* now_target = "none";
const input* now_input = nullptr;

/// Only calls that a signal handler may make.
void leave_input() {
  if (now_input == nullptr) return;
  static char name[256] = "failed-";
  std::size_t at = 7;
  for (const char* c = now_target; *c != 0 && at + 1 < sizeof name; ++c) name[at++] = *c;
  name[at++] = '\n';
  static_cast<void>(::write(STDERR_FILENO, name, at));
  name[at - 1] = 0;
  const int file = ::open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  static_cast<void>(!::write(file, now_input->data(), now_input->size()));
  ::close(file);
  now_input = nullptr;
}

void on_abort(int number) {
  leave_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void run(const target& what, const input& bytes) {
  now_target = what.name;
  now_input = &bytes;
  // A copy of its exact size: one byte too far is found.
  const auto exact = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  what.run(exact.get(), bytes.size());
  now_input = nullptr;
}

std::vector<input> corpus_of(const target& what) {
  std::vector<std::filesystem::path> files;
  for (const auto& folder : what.folders) {
    for (const auto& one : std::filesystem::recursive_directory_iterator(folder)) {
      if (one.is_regular_file()) files.push_back(one.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<input> all;
  for (const auto& path : files) {
    std::ifstream in(path, std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return all;
}

/// Flips, replaces, removes, repeats and inserts bytes, and takes pieces of other inputs.
input changed(input one, const std::vector<input>& corpus, std::mt19937_64& chance) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : chance() % n; };
  const auto place = [&](const input& in, std::size_t at) {
    return in.begin() + static_cast<std::ptrdiff_t>(at);
  };
  for (std::size_t change = below(most_changes) + 1; change > 0; --change) {
    const auto at = below(one.size() + 1);
    const auto length = std::min(below(16) + 1, one.size() - at);
    const auto kind = below(6);
    if (kind == 0 && at < one.size()) {
      one[at] ^= static_cast<std::uint8_t>(1U << below(8));
    } else if (kind == 1 && at < one.size()) {
      one[at] = static_cast<std::uint8_t>(chance());
    } else if (kind == 2) {
      one.erase(place(one, at), place(one, at + length));
    } else if (kind == 3) {
      const input piece(place(one, at), place(one, at + length));
      one.insert(place(one, at), piece.begin(), piece.end());
    } else if (kind == 4) {
      one.insert(place(one, at), static_cast<std::uint8_t>(chance()));
    } else if (!corpus.empty()) {
      const auto& other = corpus[below(corpus.size())];
      const auto from = below(other.size() + 1);
      const auto count = std::min(below(64), other.size() - from);
      one.insert(place(one, at), place(other, from), place(other, from + count));
    }
  }
  if (one.size() > largest) one.resize(largest);
  return one;
}

}  // namespace

int main(int count, char** arguments) {
  const char* given = std::getenv("MCP_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'260'102;
  const std::size_t runs = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : default_runs;
  std::printf("MCP_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::signal(SIGABRT, on_abort);
#ifdef MCP_FUZZ_ASAN
  __sanitizer_set_death_callback(leave_input);
#endif
  for (const auto& one : targets()) {
    const auto corpus = corpus_of(one);
    std::printf("%s: %zu files, %zu changed inputs\n", one.name, corpus.size(), runs);
    std::fflush(stdout);
    for (const auto& bytes : corpus) run(one, bytes);
    std::mt19937_64 chance{seed};
    for (std::size_t i = 0; i < runs; ++i) {
      const auto base = corpus.empty() ? input{} : corpus[chance() % corpus.size()];
      run(one, changed(base, corpus, chance));
    }
  }
  std::printf("%zu targets, no failure\n", targets().size());
  return 0;
}
