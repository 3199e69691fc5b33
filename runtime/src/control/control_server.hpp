#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace mcp::cluster {

inline constexpr std::size_t max_control_line = 32UL << 20;  ///< bytes of a request or an answer
inline constexpr std::size_t max_control_clients = 64;
/// Where a server's socket is unless somebody says otherwise.
inline constexpr const char* default_control_path = "mcp-cluster.sock";

/// A socket of this machine on which a server is told what to do: each connection brings one
/// request, a line of JSON, and gets lines of JSON, the last one before it is closed. Whoever may
/// open the file may ask: it is its owner's alone.
class control_server {
 public:
  /// Sends a line; false: the client is gone. For the thread of the request.
  using line_sink = std::function<bool(const nlohmann::ordered_json&)>;
  /// Answers a request; on a thread of its own. What it throws becomes {"error": {...}}.
  using handler = std::function<void(const nlohmann::json& request, const line_sink& answer)>;

  /// Listens. Throws `connection_failed`: a path that is too long or cannot be made, or a server
  /// that listens there. A file that a dead server left is replaced.
  control_server(std::string path, handler handle);
  control_server(const control_server&) = delete;
  control_server& operator=(const control_server&) = delete;
  /// Lets the handlers say their last lines for up to 2 s, closes the connections, waits for the
  /// handlers, and removes the file.
  ~control_server();

  [[nodiscard]] const std::string& path() const noexcept;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// Asks a server; `hear` gets each line of its answer, and returns whether to go on. Throws
/// `connection_failed` when no server listens there, or the answer ends too early: without a line
/// of which `hear` said that it is the last.
void ask_server(const std::string& path, const nlohmann::json& request,
                const std::function<bool(const nlohmann::ordered_json&)>& hear);
/// The same for an answer of one line. Throws what the server says went wrong.
[[nodiscard]] nlohmann::ordered_json ask_server(const std::string& path,
                                                const nlohmann::json& request);

/// {code, message, advice}, and back.
[[nodiscard]] nlohmann::ordered_json error_line(const std::exception& what);
/// Throws the error that a line is, if it is one.
void check_line(const nlohmann::ordered_json& line);

}  // namespace mcp::cluster
