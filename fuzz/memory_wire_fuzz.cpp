// What a worker asks of the memory of its run: a call of the store or an error. The first byte says
// whether the bytes stand for a request or for what the server answers.

#include "cluster/memory_wire.hpp"
#include "fuzzed.hpp"

#include <string>

namespace {

void ask_everything(mcp::memory_store& memory) {
  static_cast<void>(fuzzed::accepted([&] { static_cast<void>(memory.get({"a"}, "k")); }));
  static_cast<void>(fuzzed::accepted([&] { static_cast<void>(memory.remove({"a"}, "k")); }));
  static_cast<void>(fuzzed::accepted([&] { static_cast<void>(memory.search({})); }));
  static_cast<void>(fuzzed::accepted([&] { static_cast<void>(memory.list_namespaces()); }));
  static_cast<void>(fuzzed::accepted([&] { static_cast<void>(memory.sweep({})); }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = fuzzed::text_of(data, size);
  if (fuzzed::take_byte(bytes) % 4 == 0) {
    mcp::cluster::remote_memory memory{[bytes](const std::string&) { return std::string{bytes}; }};
    ask_everything(memory);
    return 0;
  }
  const auto store = mcp::in_memory_memory_store();
  store->put({"a", "b"}, "k", R"({"text": "word"})");
  const bool done =
      fuzzed::accepted([&] { static_cast<void>(mcp::cluster::serve_memory(*store, bytes)); });
  // What was done is seen the same here and from afar.
  if (!done) return 0;
  mcp::cluster::remote_memory afar{
      [&store](const std::string& request) { return mcp::cluster::serve_memory(*store, request); }};
  fuzzed::require(afar.search({.refresh = false}) == store->search({.refresh = false}));
  fuzzed::require(afar.list_namespaces({}) == store->list_namespaces());
  return 0;
}
