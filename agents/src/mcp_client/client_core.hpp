#pragma once

#include "mcp/agents/mcp_client.hpp"
#include "mcp_client/log_valve.hpp"
#include "mcp_client/session.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace mcp::protocol {

/// A session, and the server's tools kept in step with it. Safe from any thread.
class client_core final : public std::enable_shared_from_this<client_core> {
 public:
  static constexpr std::size_t max_sets = 1000;  ///< and listeners, that one client keeps in step
  static constexpr std::chrono::milliseconds refresh_pause{200};  ///< between two lists of tools
  static constexpr std::size_t cursor_bytes = 64UL << 10;  ///< of a list; a longer one ends it
  static constexpr std::size_t log_bytes = 2000;  ///< kept of one log message of the server

  explicit client_core(mcp_server_options options);

  void connect();  ///< waits for the tools; throws
  void stop();
  void put_tools(const tool_set& into);
  using listener = std::function<void(const std::vector<mcp_server_tool>&)>;
  void watch_tools(listener told);
  [[nodiscard]] std::vector<std::shared_ptr<tool>> tools() const;
  [[nodiscard]] std::vector<left_out_tool> left_out() const;
  [[nodiscard]] session& talk() const { return *session_; }
  /// Waits for one answer; throws.
  [[nodiscard]] json ask(const std::string& method, json params);
  /// All entries of a list, page by page.
  [[nodiscard]] std::vector<json> ask_all(const std::string& method, const std::string& key);

 private:
  struct listing;
  using listed = std::function<void(std::variant<std::vector<json>, error>)>;

  void list(const std::string& method, const std::string& key, listed on_end);
  void next_page(const std::shared_ptr<listing>& what);
  [[nodiscard]] session_events heard();
  void notified(const std::string& method, const json& params);
  void show_log(const json& params);
  void refresh();
  void refreshed(std::variant<std::vector<json>, error> found);
  void replace_tools(const std::vector<json>& entries);
  void check_room() const;  ///< for one more set or listener; the mutex is held
  void remark(const std::string& text) const;

  const mcp_server_options options_;
  std::shared_ptr<session> session_;
  mutable std::mutex mutex_;  ///< of what follows
  std::condition_variable changed_;
  bool listed_ = false;
  bool refreshing_ = false;
  bool again_ = false;
  std::optional<error> failure_{};
  std::vector<mcp_server_tool> tools_;
  std::vector<left_out_tool> left_out_;
  std::vector<tool_set> sets_;
  std::vector<listener> listeners_;
  std::mutex log_mutex_;
  log_valve log_;  ///< of the server's log messages; behind `log_mutex_`
};

/// Throws `invalid_argument`, naming the member.
void check(const mcp_server_options& options);
/// The transport that the options ask for.
[[nodiscard]] std::unique_ptr<transport> make_transport(const mcp_server_options& options,
                                                        transport_events events);

}  // namespace mcp::protocol
