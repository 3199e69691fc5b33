// The memory of a run as a node on a worker sees it.
#include "cluster/memory_wire.hpp"

#include "mcp/cbor.hpp"
#include "store/memory_conformance.hpp"
#include "support/catch.hpp"

using namespace mcp;
using namespace mcp::cluster;
using Catch::Matchers::Contains;

TEST_CASE("A memory store behind the wire keeps the promises of one that is here", "[members]") {
  test::check_memory_store([](const memory_options& options) {
    return std::make_shared<remote_memory>(
        [store = in_memory_memory_store(options)](const std::string& request) {
          return serve_memory(*store, request);
        });
  });
}

TEST_CASE("What is no request of a memory store is refused with the reason", "[members]") {
  const auto store = in_memory_memory_store();
  const auto refusal = [&](const std::string& bytes) -> std::string {
    try {
      static_cast<void>(serve_memory(*store, bytes));
    } catch (const error& wrong) {
      CHECK(wrong.code() == errc::malformed_answer);
      return wrong.message();
    }
    return {};
  };
  CHECK_THAT(refusal(""), Contains("what a worker asks of the memory: "));
  CHECK_THAT(refusal(json_to_cbor(R"({"drop_items": {}})")), Contains("unknown alternative"));
  CHECK_THAT(refusal(json_to_cbor(R"({"get_item": {"keys": []}})")), Contains("unknown field"));
  CHECK_THAT(refusal(json_to_cbor(R"({"search_items": {"filters": [{"compare": 6}]}})")),
             Contains("by way 6"));
}

TEST_CASE("What is no answer of a memory store is refused with the reason", "[members]") {
  remote_memory memory{[](const std::string&) { return std::string{"\x20"}; }};
  CHECK_THROWS_WITH(memory.get({"a"}, "k", true),
                    Contains("what a server says of its memory: the value: expected an object"));
}
