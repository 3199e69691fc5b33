#include "mcp/agents/builtin_tools.hpp"
#include "system/lua_tool.hpp"

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

/// Whether a person is asked, as a script says.
approval_rule approval_by(compiled_script script, script_limits limits) {
  return [script = std::move(script), limits](const tool_call& call) {
    sandbox box{limits};
    auto args = json::parse(call.arguments, nullptr, false);
    if (args.is_discarded()) args = json::object();
    box.set("args", args);
    const auto wanted = box.call(script);
    if (wanted.is_boolean()) return wanted.get<bool>();
    throw error{errc::script_failed,
                "the approval of the tool \"" + call.name + "\" returned neither true nor false"};
  };
}

tool_options options_of(const tool_description_in_file& what, tool_options base,
                        const script_limits& limits) {
  base.blocking = base.blocking || what.blocking;
  base.tell_model = what.tell_model;
  if (what.timeout) base.timeout = *what.timeout;
  if (what.retry) base.retry = what.retry;
  if (what.concurrency) base.concurrency = *what.concurrency;
  if (what.cache) base.cache = what.cache;
  if (what.approval) base.approval = *what.approval ? approval_rule{ask_always} : approval_rule{};
  if (what.approval_rule) base.approval = approval_by(*what.approval_rule, limits);
  return base;
}

struct nothing_wanted {};
MCP_STRUCT(nothing_wanted)

std::shared_ptr<tool> refused_tool(const std::string& name) {
  return make_tool(name, "Not to be used: the system runs offline.", [](const nothing_wanted&) {
    return std::string{"Error: this system runs offline"};
  });
}

std::shared_ptr<tool> search_tool(const tool_description_in_file& what) {
  document_search_options options;
  options.name = what.name;
  options.store = in_memory_memory_store();
  document_folder folder;
  folder.root = what.root;
  static_cast<void>(load_documents(*options.store, folder));
  return search_documents_tool(std::move(options));
}

std::shared_ptr<tool> builtin(const tool_description_in_file& what, bool offline) {
  if (what.builtin == "calculator") return calculator_tool();
  if (what.builtin == "clock") return clock_tool();
  if (what.builtin == "search_documents") return search_tool(what);
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

}  // namespace

std::map<std::string, std::shared_ptr<tool>> make_tools(const cluster_description& file,
                                                        bool offline, problem_list& problems) {
  std::map<std::string, std::shared_ptr<tool>> result;
  for (const auto& what : file.tools) {
    auto& made = result[what.name];  // null for one that cannot be made: its name is known
    try {
      if (what.lua) {
        made = make_lua_tool(what, options_of(what, {}, file.limits.lua), file.limits.lua);
      } else if (!what.builtin.empty()) {
        auto inner = builtin(what, offline);
        auto options = options_of(what, inner->options(), file.limits.lua);
        made = configured_tool(std::move(inner), what.name, std::move(options));
      }
    } catch (const error& wrong) {
      problems.error(what.at, "the tool \"" + what.name + "\": " + wrong.message(),
                     "correct its options");
    }
  }
  return result;
}

}  // namespace mcp::cluster
