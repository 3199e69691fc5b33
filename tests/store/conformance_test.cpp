#include "store/conformance.hpp"

#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

namespace {

using namespace mcp;
using namespace mcp::test;

store_under_test in_memory() {
  return {in_memory_checkpoint_store(), {}};
}

store_under_test sqlite() {
  const auto folder = std::make_shared<temporary_folder>();
  const auto open = [folder](store_under_test& one) {
    one.store.reset();
    // The folder lives as long as the store.
    auto store = sqlite_checkpoint_store(folder->file("store.db"));
    auto* raw = store.get();
    one.store = {raw, [store = std::move(store), folder](checkpoint_store*) mutable {
                   store.reset();
                   folder.get();
                 }};
  };
  store_under_test result{{}, open};
  open(result);
  return result;
}

}  // namespace

TEST_CASE("The in-memory store keeps the promises of the port") {
  check_checkpoint_store(in_memory);
}

TEST_CASE("The SQLite store keeps the promises of the port") {
  check_checkpoint_store(sqlite);
}

TEST_CASE("The in-memory store may be called from the scheduler and SQLite may not") {
  CHECK_FALSE(in_memory().store->blocking());
  CHECK(sqlite().store->blocking());
}

TEST_CASE("Checkpoint ids are written as 16 hexadecimal digits and read back") {
  CHECK(checkpoint_id{0}.text() == "0000000000000000");
  CHECK(checkpoint_id{0x0123456789abcdefU}.text() == "0123456789abcdef");
  CHECK(checkpoint_id::parse("0123456789ABCDEF") == checkpoint_id{0x0123456789abcdefU});
  for (const auto* wrong : {"", "123", "0123456789abcdef0", "0123456789abcdeg", "0x23456789abcdef",
                            "+123456789abcdef", " 123456789abcdef"}) {
    CHECK_FALSE(checkpoint_id::parse(wrong).has_value());
  }
}

TEST_CASE("Sources and statuses have names") {
  CHECK(name(checkpoint_source::fork) == "fork");
  CHECK(name(run_status::accepted) == "accepted");
  CHECK(name(run_status::cancelled) == "cancelled");
  CHECK(name(static_cast<run_status>(99)) == "unknown");
}
