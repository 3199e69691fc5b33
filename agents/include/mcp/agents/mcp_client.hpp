#pragma once

#include "mcp/agents/tool_set.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tools, resources and prompts of a Model Context Protocol server:
///     auto files = mcp::mcp_client::connect({.name = "files", .command = "my-mcp-server"});
///     files->put_tools(tools);
namespace mcp {

namespace protocol {
class client_core;
}

/// Where in `_meta` of a call of a tool its idempotency key is: the same on every attempt, and when
/// the call is repeated after a crash.
inline constexpr const char* mcp_idempotency_key = "fastmcp/idempotency-key";

/// Where a server is, and what it may cost: `command` or `url`. Times are longest times.
struct mcp_server_options {
  std::string name{};     ///< of the server: in errors, and before the names of its tools
  std::string command{};  ///< a program that speaks the protocol over its standard streams
  std::vector<std::string> arguments{};
  /// NAME=value. Besides these the server sees only PATH, HOME, LANG, USER, SHELL, TERM and TMPDIR
  /// of this process.
  std::vector<std::string> environment{};
  std::string working_folder{};        ///< empty: this process's
  std::uint64_t max_memory_bytes = 0;  ///< address space of the server; 0: not limited
  std::uint64_t max_open_files = 0;    ///< of the server; 0: not limited

  std::string url{};  ///< of a server that speaks streamable HTTP
  std::vector<std::pair<std::string, std::string>> headers{};  ///< of every request, such as a key
  std::string ca_file{};                                       ///< PEM; empty: the system's store

  milliseconds connect_timeout{30'000};      ///< for one start and handshake
  milliseconds call_timeout{60'000};         ///< without an answer or progress
  milliseconds total_call_timeout{600'000};  ///< whatever the progress
  milliseconds exit_grace{2'000};  ///< for the server to end by itself, and again after SIGTERM
  int restarts = 5;  ///< and new sessions; more within `restart_period` give the server up
  milliseconds restart_period{60'000};
  std::size_t max_message_bytes = 8UL << 20;
  std::size_t max_pending_calls = 1000;
  std::size_t max_entries = 1000;  ///< tools, resources or prompts; the rest is left out
  std::size_t max_pages = 100;     ///< of one list

  bool prefix_tools = true;  ///< tools are called `name`_tool
  tool_options tools{};      ///< how they are run; `timeout` is best left to `call_timeout`
  /// Hears stderr of the server, its log messages and the client's own remarks, a line each, from
  /// any thread; must not block.
  std::function<void(std::string_view)> on_log{};
};

/// A tool of the server that is offered.
struct mcp_server_tool {
  std::string name{};  ///< the server's own
  std::shared_ptr<mcp::tool> tool{};
};
/// A tool of the server that cannot be offered.
struct left_out_tool {
  std::string name{};
  std::string reason{};
};

struct mcp_resource {
  std::string uri{};
  std::string name{};
  std::string description{};
  std::string mime_type{};
};
/// Stands for many resources: their URIs follow from it (RFC 6570).
struct mcp_resource_template {
  std::string uri_template{};
  std::string name{};
  std::string description{};
  std::string mime_type{};
};
struct mcp_resource_content {
  std::string uri{};
  std::string mime_type{};
  std::string text{};
  std::string blob{};  ///< base64, when it is no text
};
struct mcp_prompt_argument {
  std::string name{};
  std::string description{};
  bool required = false;
};
struct mcp_prompt {
  std::string name{};
  std::string description{};
  std::vector<mcp_prompt_argument> arguments{};
};

/// What a server made of a prompt: exactly one of the two counts.
struct mcp_prompt_result {
  std::vector<message> messages{};
  std::optional<mcp::error> error{};
};

/// What a server sent that was dropped.
struct mcp_client_counts {
  std::uint64_t malformed = 0;        ///< messages that are no JSON-RPC, or too deep or large
  std::uint64_t unknown_answers = 0;  ///< second and late answers, and those to nothing asked
  std::uint64_t starts = 0;           ///< of the connection
};

/// What a tool of a server is called as ours: `prefix`, unless empty, '_' and the server's name, of
/// letters, digits, '_' and '-' only. More than 64 bytes are cut and end in a hash of the whole.
[[nodiscard]] MCP_AGENTS_EXPORT std::string mcp_tool_name(std::string_view prefix,
                                                          std::string_view name);

/// A connection to one server, made again when it breaks, as often as the options say. A session
/// that a server over HTTP has forgotten is made anew, and calls that it has not executed are sent
/// there once more. Progress of a tool's call is shown as the custom event `tool_progress` of the
/// run. The tools stay in sets when the client goes, and then fail with `connection_failed`. Safe
/// from any thread; what waits for the server must not be called on a thread of the library (in
/// callbacks, in nodes that are not `blocking`).
class MCP_AGENTS_EXPORT mcp_client {
 public:
  /// Waits for the handshake and the list of tools. Throws `invalid_argument` (the options, or
  /// there is no such program), `connection_failed`, `call_timeout`, `malformed_answer`,
  /// `unauthorized`, `too_large`.
  [[nodiscard]] static std::shared_ptr<mcp_client> connect(mcp_server_options options);
  explicit mcp_client(std::shared_ptr<protocol::client_core> core);
  mcp_client(const mcp_client&) = delete;
  mcp_client& operator=(const mcp_client&) = delete;
  /// Ends the connection; tools fail from now on. Waits for the process to end; over HTTP, half a
  /// second at most for the server to hear that the session has ended.
  ~mcp_client();

  /// Adds the tools to a set, and keeps it in step when the server's list changes.
  void put_tools(const tool_set& into);
  /// Calls `listener` with the tools there are, before this returns, and again whenever the
  /// server's list has changed, from any thread but never twice at once. It must neither block nor
  /// call the client. It is kept as long as the client.
  void watch_tools(std::function<void(const std::vector<mcp_server_tool>&)> listener);
  [[nodiscard]] std::vector<std::shared_ptr<tool>> tools() const;
  [[nodiscard]] std::vector<left_out_tool> left_out() const;
  [[nodiscard]] std::string protocol_version() const;  ///< such as "2025-11-25"
  [[nodiscard]] std::string instructions() const;      ///< the server's, for models; or empty
  [[nodiscard]] mcp_client_counts counts() const;

  /// These wait for the server. They throw as a call of a tool fails: `tool_failed` (the server's
  /// error), `call_timeout`, `connection_failed`, `overloaded`, `malformed_answer`.
  [[nodiscard]] std::vector<mcp_resource> resources();
  [[nodiscard]] std::vector<mcp_resource_template> resource_templates();
  [[nodiscard]] std::vector<mcp_resource_content> read_resource(const std::string& uri);
  [[nodiscard]] std::vector<mcp_prompt> prompts();
  [[nodiscard]] std::vector<message> prompt(const std::string& name,
                                            const std::map<std::string, std::string>& arguments);
  /// The same without waiting: `done` is called once, on a thread of the library, perhaps before
  /// this returns; it must not block. Calling the result stops it.
  std::function<void()> start_prompt(const std::string& name,
                                     const std::map<std::string, std::string>& arguments,
                                     std::function<void(mcp_prompt_result)> done);

 private:
  std::shared_ptr<protocol::client_core> core_;
};

}  // namespace mcp
