#pragma once

#include "mcp_client/http_errand.hpp"
#include "mcp_client/transport.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace mcp::protocol {

/// What a transport over streamable HTTP does: its state, and the calls under way. Kept by those,
/// so that it may outlive the transport. Callers come with any thread; how calls end is dealt with
/// on the thread of the HTTP client. Events are told without the lock.
class http_line : public std::enable_shared_from_this<http_line> {
 public:
  http_line(http_options options, transport_events events)
      : options_(std::move(options)), events_(std::move(events)) {}

  void open();
  void renew();
  bool send(std::string message, std::optional<rpc_id> id);
  void settled(rpc_id id, bool answered);
  void established(const std::string& version);
  void close();
  void wait_for_farewell();

 private:
  using errand = std::shared_ptr<http_errand>;

  // With the lock held.
  void begin(const errand& what);
  void launch(const errand& what);
  void listen();
  void take_farewell();

  // On the loop's thread.
  void headers(http_errand& what, const io::http_head& head);
  bool data(http_errand& what, std::string_view piece);
  void ended(const errand& what, const io::http_end& how);
  void listener_ended(const errand& what, const io::http_end& how);
  void request_ended(const errand& what, const io::http_end& how);
  void request_failed(const errand& what, const io::http_end& how);
  void probe(const errand& doubted);
  void probe_ended(const http_errand& what);
  void go_on();
  [[nodiscard]] bool again(const errand& what);
  void expired(std::uint64_t number);
  void remark(const std::string& text) const;
  void later(std::chrono::milliseconds wait, std::function<void()> task) const;

  const http_options options_;
  const transport_events events_;
  io::http_client& client_ = io::http_client::shared();
  std::mutex mutex_;  ///< of what follows
  http_session session_;
  std::set<errand> errands_;  ///< under way, held back, or waiting for another try
  std::thread::id loop_thread_{};
  std::condition_variable changed_;
  int farewells_ = 0;  ///< under way
};

}  // namespace mcp::protocol
