#pragma once

#include "io/http_client.hpp"
#include "io/http_mailbox.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <curl/curl.h>

namespace mcp::io {

/// One call: its easy handle, what arrived so far, and how it ended. Everything but `cancel`
/// belongs to the loop's thread.
class http_transfer final : public http_call, public std::enable_shared_from_this<http_transfer> {
 public:
  enum class phase { waiting, connecting, answering, streaming, ended };
  /// The next limit that runs out.
  struct deadline {
    steady_time when{};
    std::string_view limit{};
    std::chrono::milliseconds value{};
  };

  http_transfer(http_request request, http_events events, std::shared_ptr<http_mailbox> mailbox,
                steady_time now);

  void cancel() override;
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load(); }

  /// Makes the easy handle; it stays the transfer's. `phase_changed` is called when the deadline
  /// may have come nearer. Nothing: the failure that ends the call.
  [[nodiscard]] std::optional<http_end> open(steady_time now, std::function<void()> phase_changed);
  [[nodiscard]] std::shared_ptr<http_transfer> self() { return shared_from_this(); }
  [[nodiscard]] CURL* handle() const noexcept { return easy_.get(); }
  [[nodiscard]] phase where() const noexcept { return phase_; }
  [[nodiscard]] std::optional<deadline> next_deadline() const;
  /// What libcurl's end of the transfer means for the caller.
  [[nodiscard]] http_end result(CURLcode code) const;
  [[nodiscard]] http_end late(const deadline& missed) const;
  /// Frees the handle, which must have left its multi handle, and tells the caller.
  void end(http_end how) noexcept;

  std::uint64_t arrival = UINT64_MAX;  ///< the loop's, among the calls that wait
  event_loop::timer_id timer = 0;      ///< the loop's, for the next deadline

 private:
  struct easy_deleter {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct list_deleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  void set_target(CURL* easy);
  void set_body(CURL* easy);
  void set_headers(CURL* easy);
  void set_transport(CURL* easy);
  void set_callbacks(CURL* easy);
  void enter(phase next);
  [[nodiscard]] bool header(std::string_view line);
  [[nodiscard]] bool data(std::string_view bytes);
  [[nodiscard]] bool deliver_head();
  [[nodiscard]] bool connected(const char* address);
  [[nodiscard]] curl_socket_t open_socket(curl_sockaddr& address);
  [[nodiscard]] http_end broken(errc code, const std::string& what, bool passing) const;
  /// Runs a callback's work: what it throws ends the call.
  template <class Work>
  bool guarded(Work&& work) noexcept;

  http_request request_;
  http_events events_;
  std::shared_ptr<http_mailbox> mailbox_;
  std::optional<url_place> place_;
  std::unique_ptr<curl_slist, list_deleter> headers_{};
  std::unique_ptr<CURL, easy_deleter> easy_{};
  std::function<void()> phase_changed_{};
  std::optional<http_end> stopped_{};  ///< why a callback of ours stopped the transfer
  std::string curl_says_;
  http_head head_{};
  std::size_t head_bytes_ = 0;
  std::size_t received_ = 0;
  bool head_delivered_ = false;
  bool refused_address_ = false;
  phase phase_ = phase::waiting;
  steady_time started_;
  steady_time since_;  ///< the phase's begin; while streaming, the last piece
  std::atomic<bool> cancelled_{false};
};

}  // namespace mcp::io
