#include "store/child_process.hpp"
#include "store/conformance.hpp"
#include "store/faulty_disk.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace mcp;
using namespace mcp::test;

using step = std::function<void(checkpoint_store&)>;

std::uint64_t seed() {
  const char* given = std::getenv("MCP_TEST_SEED");
  const std::uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10) : 20260102;
  std::cout << "MCP_TEST_SEED=" << value << '\n';
  return value;
}

/// A life of a store, one transaction each.
const std::vector<step>& steps() {
  static const std::vector<step> all{
      [](auto& s) {
        s.write(std::vector<store_write>{run("r", "t"), checkpoint("t", 1, 0)});
      },
      [](auto& s) {
        s.write(std::vector<store_write>{checkpoint("t", 2, 1), checkpoint("u", 1, 0),
                                         journal("t", 2, journal_kind::effect, "k")});
      },
      [](auto& s) {
        put(s, snapshot("t", 3, 2, {1, 2, 3}));
      },
      [](auto& s) {
        auto large = checkpoint("t", 4, 3);
        large.body = cbor({{"v", 1}, {"x", std::string(20'000, 'x')}});
        put(s, large);
      },
      [](auto& s) { put_chain(s, "t", 5, 5, 0, "n:a"); },
      [](auto& s) { s.copy_thread("t", "copy"); },
      [](auto& s) { put_chain(s, "t", 10, 10, 2); },
      [](auto& s) { (void)s.prune("t", 1); },
      [](auto& s) { put(s, journal("t", 10, journal_kind::interrupt, "q")); },
      [](auto& s) {
        put(s, set_run_status{"r", run_status::interrupted, {}, at(7)});
      },
      [](auto& s) { (void)s.delete_thread("copy"); },
      [](auto& s) { put_chain(s, "u", 2, 2, 1); },
  };
  return all;
}

/// What a store holds after the first n steps, for every n.
std::vector<std::string> prefixes() {
  const auto store = in_memory_checkpoint_store();
  std::vector<std::string> result{dump(*store)};
  for (const auto& one : steps()) {
    one(*store);
    result.push_back(dump(*store));
  }
  return result;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::set<std::string> lines(const std::string& text) {
  std::set<std::string> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) result.insert(line);
  return result;
}

/// A copy of `bytes` with some bits flipped, bytes overwritten or the end cut off.
std::string damaged(const std::string& bytes, std::mt19937_64& random) {
  std::string result = bytes;
  const auto kind = random() % 4;
  if (kind == 0) {
    result.resize(random() % result.size());
  } else if (kind == 1) {
    const auto from = random() % result.size();
    const auto count = std::min<std::size_t>(1 + random() % 600, result.size() - from);
    for (std::size_t i = 0; i < count; ++i) result[from + i] = static_cast<char>(random());
  } else {
    const auto flips = 1 + random() % 4;
    for (std::uint64_t i = 0; i < flips; ++i) {
      result[random() % result.size()] ^= static_cast<char>(1U << (random() % 8));
    }
  }
  return result;
}

bool acceptable(errc code) {
  return code == errc::corrupt_store || code == errc::newer_format || code == errc::store_failed;
}

/// What the file at `path` says, or nothing when opening or reading it is an acceptable error.
std::optional<std::string> read_damaged(const std::string& path, sqlite_mode mode) {
  try {
    const auto store = sqlite_checkpoint_store(path, {.mode = mode});
    return dump(*store);
  } catch (const error& failure) {
    INFO(failure.what());
    REQUIRE(acceptable(failure.code()));
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("A process that dies in any write leaves a store with every step that was answered") {
  const auto expected = prefixes();
  constexpr int stride = sanitized ? 7 : 1;  // a process each
  int deaths = 0;
  for (int n = 0;; n += stride) {
    const temporary_folder folder;
    const auto path = folder.file("store.db");
    const auto progress = folder.file("progress");
    const int code = in_child([&] {
      install_faulty_disk();
      set_disk_fault({disk_fault::kind::die, n});
      std::ofstream answered(progress, std::ios::binary);
      const auto store = sqlite_checkpoint_store(path);
      for (const auto& one : steps()) {
        one(*store);
        answered << '+' << std::flush;
      }
      return 0;
    });
    REQUIRE((code == 0 || code == 42));
    const auto answered = content(progress).size();
    const auto store = sqlite_checkpoint_store(path);
    const auto found = dump(*store);
    INFO("died in write " << n << " with " << answered << " steps answered");
    const bool exact = found == expected[answered];
    const bool one_more = answered < steps().size() && found == expected[answered + 1];
    REQUIRE((exact || one_more));
    for (auto i = answered + (exact ? 0 : 1); i < steps().size(); ++i) steps()[i](*store);
    REQUIRE(dump(*store) == expected.back());
    if (code == 0) break;
    ++deaths;
  }
  CHECK(deaths * stride > 50);
}

TEST_CASE("A disk that is full at any write fails one step with store_full and nothing else") {
  const auto expected = prefixes();
  int failures = 0;
  const int code = in_child([&] {
    install_faulty_disk();
    for (int n = 0;; ++n) {
      const temporary_folder folder;
      set_disk_fault({});
      const auto store = sqlite_checkpoint_store(folder.file("store.db"));
      set_disk_fault({disk_fault::kind::full, n});
      int failed = 0;
      for (std::size_t i = 0; i < steps().size(); ++i) {
        try {
          steps()[i](*store);
        } catch (const error& failure) {
          if (failure.code() != errc::store_full) return 1;
          ++failed;
          if (dump(*store) != expected[i]) return 2;
          set_disk_fault({});  // space again
          steps()[i](*store);
        }
        if (dump(*store) != expected[i + 1]) return 3;
      }
      failures += failed;
      if (failed == 0) return failures > 20 ? 0 : 4;
    }
  });
  CHECK(code == 0);
}

TEST_CASE("A limit on the size of files is a full disk, and writing goes on when it is lifted") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  const int code = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto store = sqlite_checkpoint_store(path);
    put_chain(*store, "t", 1, 2);
    const auto before = dump(*store);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const auto unlimited = limit.rlim_cur;
    limit.rlim_cur = 200'000;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto large = checkpoint("t", 3, 2);
    large.body = std::string(1'000'000, 'x');
    try {
      put(*store, large);
      return 1;
    } catch (const error& failure) {
      if (failure.code() != errc::store_full) return 2;
    }
    if (dump(*store) != before) return 3;
    limit.rlim_cur = unlimited;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    put(*store, large);
    return store->load("t", "")->bodies.size() == 3 ? 0 : 4;
  });
  CHECK(code == 0);
}

TEST_CASE("A damaged file gives an error or data that was written, never anything else") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  {
    const auto store = sqlite_checkpoint_store(path);
    for (const auto& one : steps()) one(*store);
    for (int i = 0; i < 40; ++i) put_chain(*store, "v" + std::to_string(i), 1, 5);
  }
  const auto good = content(path);
  const auto expected = lines(dump(*sqlite_checkpoint_store(path)));
  std::mt19937_64 random(seed());
  int noticed = 0;
  int open_noticed = 0;
  constexpr int variants = 400;
  for (int i = 0; i < variants; ++i) {
    const auto bad = damaged(good, random);
    for (const auto mode : {sqlite_mode::read, sqlite_mode::own}) {
      for (const auto* ending : {"", "-wal", "-shm"}) std::filesystem::remove(path + ending);
      write_file(path, bad);
      const auto found = read_damaged(path, mode);
      if (!found) ++(mode == sqlite_mode::own ? open_noticed : noticed);
      if (!found || bad.empty()) continue;
      INFO("variant " << i);
      const auto seen = lines(*found);
      REQUIRE(std::includes(expected.begin(), expected.end(), seen.begin(), seen.end()));
      // An owner looks at the whole of a small file, so it also notices what is missing.
      if (mode == sqlite_mode::own && bad.size() >= 512) REQUIRE(seen == expected);
    }
  }
  CHECK(noticed > variants / 4);
  CHECK(open_noticed >= noticed);
}

TEST_CASE("A damaged write-ahead log loses the last steps at most") {
  const temporary_folder folder;
  const auto path = folder.file("store.db");
  const auto expected = prefixes();
  REQUIRE(in_child([&] {
            const auto store = sqlite_checkpoint_store(path);
            for (const auto& one : steps()) one(*store);
            ::_exit(0);
            return 0;
          }) == 0);
  const auto good = content(path);
  const auto log = content(path + "-wal");
  REQUIRE(log.size() > 10'000);
  std::mt19937_64 random(seed());
  for (int i = 0; i < 150; ++i) {
    std::filesystem::remove(path + "-shm");
    write_file(path, good);
    write_file(path + "-wal", damaged(log, random));
    const auto found = read_damaged(path, sqlite_mode::own);
    if (!found) continue;
    INFO("variant " << i);
    REQUIRE(std::find(expected.begin(), expected.end(), *found) != expected.end());
  }
}
