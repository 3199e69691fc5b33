// The main function of all test programs, compiled once, for Catch2 version 2 and 3.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using listener_base = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
using listener_base = Catch::TestEventListenerBase;
#endif

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

/// Ends the program at an assertion that another thread than the test's makes: Catch2 counts
/// assertions without a lock, so that such a test is a data race that only sometimes shows.
class one_thread_asserts : public listener_base {
 public:
  using listener_base::listener_base;

  void assertionStarting(const Catch::AssertionInfo& info) override { check(info); }

  // For assertions of exceptions, which Catch2 2 does not announce.
  bool assertionEnded(const Catch::AssertionStats& stats) override {
    check(stats.assertionResult.m_info);
    return false;
  }

 private:
  void check(const Catch::AssertionInfo& info) const {
    if (std::this_thread::get_id() == tests_) return;
    std::fprintf(stderr, "%s:%zu: asserted on another thread than the test's\n", info.lineInfo.file,
                 info.lineInfo.line);
    std::fflush(stderr);
    std::abort();
  }

  const std::thread::id tests_ = std::this_thread::get_id();
};

CATCH_REGISTER_LISTENER(one_thread_asserts)

}  // namespace

int main(int argc, char* argv[]) {
  return Catch::Session().run(argc, argv);
}
