#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mcp::providers {

/// One server-sent event. The views live for the length of the sink's call.
struct sse_event {
  std::string_view type{};  ///< "message" unless the event names one
  std::string_view data{};  ///< its data lines, joined with '\n'
  std::string_view id{};    ///< the last id that the stream set
};

/// Takes a stream of server-sent events apart, however its bytes are cut into pieces. Events
/// without data and one that the end of the stream cuts off are dropped. No threads, no sockets.
class sse_parser {
 public:
  static constexpr std::size_t default_event_bytes = 16UL << 20;
  using sink = std::function<void(const sse_event&)>;

  explicit sse_parser(std::size_t max_event_bytes = default_event_bytes)
      : max_event_bytes_(max_event_bytes) {}

  /// Throws `too_large` when an event outgrows the limit; the parser is of no use afterwards.
  void feed(std::string_view bytes, const sink& out);
  /// What the server asked for with a `retry` field: when to connect again after a break.
  [[nodiscard]] std::optional<std::chrono::milliseconds> reconnect_after() const noexcept {
    return reconnect_after_;
  }
  /// The id of the last event that ended, one without data included; nothing: none was given.
  [[nodiscard]] const std::optional<std::string>& last_id() const noexcept { return last_id_; }

 private:
  void line(std::string_view text, const sink& out);
  void field(std::string_view name, std::string_view value);
  void dispatch(const sink& out);
  void check_size(std::size_t more) const;

  std::size_t max_event_bytes_;
  std::string partial_line_;
  std::string type_;
  std::string data_;
  std::string id_;
  std::optional<std::string> last_id_{};
  bool has_id_ = false;
  std::optional<std::chrono::milliseconds> reconnect_after_{};
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
};

}  // namespace mcp::providers
