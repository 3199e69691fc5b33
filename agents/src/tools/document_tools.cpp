#include "mcp/agents/builtin_tools.hpp"
#include "tools/passages.hpp"
#include "tools/rooted_folder.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace mcp {
namespace tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t usual_results = 5;

struct search_question {
  std::string query{};
  std::optional<std::int64_t> limit{};
};
MCP_STRUCT(search_question, (query, mcp::doc("words to look for; one of them suffices")),
           (limit, mcp::doc("most results, 5 if absent")))

struct passage {
  std::string source{};
  std::int64_t part = 0;
  std::int64_t line = 0;
  std::int64_t last_line = 0;
  std::string text{};
};
MCP_STRUCT(passage, source, part, line, last_line, text)

/// A JSON array of the items; their values are JSON already.
std::string to_text(const std::vector<memory_item>& items) {
  std::string result = "[";
  for (const auto& item : items) {
    result += std::string{result.size() > 1 ? "," : ""} + R"({"key":)" +
              schema_writer::quote(item.key) + R"(,"value":)" + item.value;
    if (item.score) result += R"(,"score":)" + to_json(*item.score);
    result += "}";
  }
  return result + "]";
}

std::string search(const document_search_options& options, const search_question& q,
                   const tool_context& ctx) {
  auto* store = options.store ? options.store.get() : ctx.context().memory();
  if (store == nullptr) {
    throw error{errc::no_store, "there is no memory store to search; give the executor one"};
  }
  if (q.limit && *q.limit < 1) throw error{errc::invalid_tool_call, "limit is at least 1"};
  const auto wanted = q.limit ? static_cast<std::size_t>(*q.limit) : usual_results;
  return to_text(store->search(
      {.prefix = options.ns, .text = q.query, .limit = std::min(wanted, options.max_results)}));
}

bool wanted(const fs::path& file, const document_folder& folder) {
  const auto& list = folder.extensions;
  return std::find(list.begin(), list.end(), file.extension().string()) != list.end();
}

/// Paths of the wanted files relative to the root, sorted; links are not followed.
std::vector<std::string> files_of(const document_folder& folder, std::size_t& skipped) {
  std::vector<std::string> found;
  std::error_code problem;
  fs::recursive_directory_iterator at{folder.root, fs::directory_options::skip_permission_denied,
                                      problem};
  for (; !problem && at != fs::recursive_directory_iterator{}; at.increment(problem)) {
    if (at.depth() >= folder.max_depth) at.disable_recursion_pending();
    if (!wanted(at->path(), folder)) continue;
    std::error_code gone;
    if (at->symlink_status(gone).type() != fs::file_type::regular) continue;
    if (found.size() == folder.max_files) {
      ++skipped;
      break;
    }
    found.push_back(at->path().lexically_relative(folder.root).string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace
}  // namespace tools

std::shared_ptr<tool> search_documents_tool(document_search_options options) {
  auto name = options.name;
  return make_tool(
      std::move(name), "Searches documents and returns passages, best first.",
      [options = std::move(options)](const tools::search_question& q, tool_context& ctx) {
        return tools::search(options, q, ctx);
      },
      {.blocking = true, .tell_model = true});
}

loaded_documents load_documents(memory_store& store, const document_folder& folder) {
  const tools::rooted_folder root{folder.root};
  loaded_documents result;
  for (const auto& path : tools::files_of(folder, result.skipped)) {
    std::string text;
    try {
      text = root.read(path, folder.max_file_bytes);
    } catch (const error&) {
      ++result.skipped;
      continue;
    }
    std::int64_t part = 0;
    for (auto& piece : tools::passages_of(text, folder.passage_bytes)) {
      const auto key = path + "#" + std::to_string(++part);
      if (key.size() > max_memory_key_bytes) break;
      store.put(
          folder.ns, key,
          to_json(tools::passage{path, part, piece.line, piece.last_line, std::move(piece.text)}));
      ++result.passages;
    }
    ++result.files;
  }
  return result;
}

}  // namespace mcp
