// A text search in both memory stores: whatever is asked is a question, never a mistake in the
// language of SQLite's index. Both find the same, beyond ASCII excepted: only SQLite knows accents.

#include "fuzzed.hpp"
#include "mcp/memory_store.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include <unistd.h>

namespace {

void fill(mcp::memory_store& store) {
  store.put({"notes"}, "a", R"({"text": "pears and apples AND NOT near plums"})");
  store.put({"notes"}, "b", R"({"text": "coffee 100 a_b c-d", "more": ["apples", 1]})");
  store.put({"notes", "old"}, "c", R"({"text": "OR"})");
}

std::shared_ptr<mcp::memory_store> in_file() {
  const auto path = std::filesystem::temp_directory_path() /
                    ("memory_query_fuzz." + std::to_string(::getpid()) + ".db");
  auto store = mcp::sqlite_memory_store(path.string());
  std::filesystem::remove(path);  // it lives on as long as it is open
  fill(*store);
  return store;
}

std::shared_ptr<mcp::memory_store> in_memory() {
  auto store = mcp::in_memory_memory_store();
  fill(*store);
  return store;
}

std::set<std::string> found(mcp::memory_store& store, const std::string& text) {
  std::set<std::string> keys;
  for (const auto& item : store.search({.text = text, .refresh = false})) keys.insert(item.key);
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto file = in_file();
  static const auto memory = in_memory();
  const std::string text{fuzzed::text_of(data, size)};
  const auto in_index = found(*file, text);
  const auto in_list = found(*memory, text);
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
  fuzzed::require(!ascii || in_index == in_list);
  return 0;
}
