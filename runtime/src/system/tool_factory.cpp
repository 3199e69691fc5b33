#include "mcp/agents/builtin_tools.hpp"
#include "mcp/agents/research_tools.hpp"
#include "system/configured_tool.hpp"
#include "system/lua_tool.hpp"
#include "system/memory_tools.hpp"

namespace mcp::cluster {
namespace {

std::shared_ptr<tool> search_tool(const tool_description_in_file& what) {
  document_search_options options;
  options.name = what.name;
  options.store = in_memory_memory_store();
  document_folder folder;
  folder.root = what.root;
  static_cast<void>(load_documents(*options.store, folder));
  return search_documents_tool(std::move(options));
}

/// Document libraries, one for each root.
using libraries = std::map<std::string, std::shared_ptr<document_library>>;

/// A tool that works on a library; null: the builtin is none.
std::shared_ptr<tool> library_tool(const tool_description_in_file& what, libraries& known) {
  using maker = std::shared_ptr<tool> (*)(std::shared_ptr<document_library>, std::string);
  static const std::map<std::string, maker> makers{{"search_documents", search_library_tool},
                                                   {"find_quotations", find_quotations_tool},
                                                   {"review_quotations", review_quotations_tool},
                                                   {"compose_answer", compose_answer_tool},
                                                   {"check_citations", check_citations_tool}};
  const auto found = makers.find(what.builtin);
  if (found == makers.end()) return nullptr;
  auto& library = known[what.root];
  if (!library) library = open_document_library({.root = what.root});
  return found->second(library, what.name);
}

std::shared_ptr<tool> builtin(const tool_description_in_file& what, bool offline, libraries& known,
                              const agent_memory& notes, const std::string& system) {
  if (what.builtin.empty()) return nullptr;
  if (auto made = memory_tool(what, notes, system)) return made;
  if (what.builtin == "calculator") return calculator_tool();
  if (what.builtin == "clock") return clock_tool();
  if (what.builtin == "split_question") return split_question_tool(what.name);
  if (what.fixed_folder) return search_tool(what);
  if (auto made = library_tool(what, known)) return made;
  if (what.builtin == "http_get") {
    if (offline) return refused_tool(what.name);
    http_get_options options;
    options.hosts = what.hosts;
    options.name = what.name;
    options.allow_private_addresses = what.private_addresses;
    if (what.max_bytes) options.max_bytes = *what.max_bytes;
    return http_get_tool(std::move(options));
  }
  file_tool_options options;
  options.root = what.root;
  options.name = what.name;
  if (what.max_bytes) options.max_file_bytes = *what.max_bytes;
  return what.builtin == "read_file" ? read_file_tool(std::move(options))
                                     : list_files_tool(std::move(options));
}

/// Null: there is no such tool, which was said.
std::shared_ptr<tool> plugin_tool(const tool_description_in_file& what, const plugin_set& plugins,
                                  problem_list& problems) {
  const auto found = plugins.tool(what.type.name);
  if (!found) {
    plugins.report_unknown("tool", what.type, problems);
    return nullptr;
  }
  auto made = found.offer->make(
      {.name = what.name, .options = options_or_none(what.options), .config = found.of->config});
  if (made) return made;
  throw error{errc::invalid_plugin, "the plugin made none"};
}

}  // namespace

std::map<std::string, std::shared_ptr<tool>> make_tools(const cluster_description& file,
                                                        bool offline, const plugin_set& plugins,
                                                        const agent_memory& notes,
                                                        problem_list& problems) {
  std::map<std::string, std::shared_ptr<tool>> result;
  libraries known;
  for (const auto& what : file.tools) {
    auto& made = result[what.name];  // null for one that cannot be made: its name is known
    try {
      auto inner = what.lua ? make_lua_tool(what, file.limits.lua, file.memory_root(), notes)
                   : what.type.name.empty() ? builtin(what, offline, known, notes, file.name)
                                            : plugin_tool(what, plugins, problems);
      if (!inner) continue;
      auto options = options_of(what.calls, inner->options(), file.limits.lua);
      made = std::make_shared<configured_tool>(
          std::move(inner),
          tool_settings{what.name, what.description, std::move(options), what.calls.given});
    } catch (const error& wrong) {
      problems.error(what.at, "the tool \"" + what.name + "\": " + wrong.message(),
                     "correct its options");
    } catch (const std::exception& wrong) {  // of a plugin
      problems.error(what.at, "the tool \"" + what.name + "\": " + wrong.what());
    }
  }
  return result;
}

}  // namespace mcp::cluster
