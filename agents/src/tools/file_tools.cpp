#include "mcp/agents/builtin_tools.hpp"
#include "tools/rooted_folder.hpp"

#include <cstdint>
#include <utility>

namespace mcp {
namespace tools {
namespace {

struct file_question {
  std::string path{};
};
MCP_STRUCT(file_question, (path, mcp::doc("of the file, relative to the folder of this tool")))

struct folder_question {
  std::string path = ".";
};
MCP_STRUCT(folder_question, (path, mcp::doc("of a folder, relative to the folder of this tool")))

std::shared_ptr<const rooted_folder> opened(const file_tool_options& options) {
  return std::make_shared<const rooted_folder>(options.root);
}

std::string name_or(const std::string& given, const char* usual) {
  return given.empty() ? usual : given;
}

}  // namespace
}  // namespace tools

std::shared_ptr<tool> read_file_tool(file_tool_options options) {
  return make_tool(
      tools::name_or(options.name, "read_file"), "Reads a text file.",
      [folder = tools::opened(options), limit = options.max_file_bytes](
          const tools::file_question& q) { return folder->read(q.path, limit); },
      {.blocking = true, .tell_model = true, .max_result_bytes = options.max_file_bytes});
}

std::shared_ptr<tool> list_files_tool(file_tool_options options) {
  return make_tool(tools::name_or(options.name, "list_files"), "Lists the entries of a folder.",
                   [folder = tools::opened(options), limit = options.max_entries](
                       const tools::folder_question& q) { return folder->list(q.path, limit); },
                   {.blocking = true, .tell_model = true});
}

}  // namespace mcp
