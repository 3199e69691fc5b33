#pragma once

#include "delivery/frame.hpp"
#include "delivery/instant.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcp::cluster {

struct link_limits {
  std::size_t payload_bytes = max_frame_payload;  ///< of a frame
  std::uint64_t window = 64;                      ///< frames that nobody took yet
  std::size_t message_bytes = 64UL << 20;
  std::size_t queued_bytes = 64UL << 20;  ///< sent and not acknowledged, or not sent yet
  std::size_t queued_messages = 10'000;
  std::chrono::milliseconds ack_within{50};  ///< what arrived is acknowledged by then
  std::chrono::milliseconds heartbeat{1'000};
  std::chrono::milliseconds silence{5'000};
};

/// Who a member says that it is.
struct member_identity {
  std::string cluster{};
  std::string name{};
  std::uint64_t incarnation = 0;  ///< larger each time it starts; not 0
};

/// One member's end towards another one, over any number of connections: every message arrives once
/// and in order, or is handed back when the other end has started anew. docs/cluster-wire.md tells
/// the rules. It decides only: frames, time and connections are its owner's. Not thread-safe.
class delivery_link {
 public:
  /// `peer`: the name that the other end has to have; empty: any, and then that one for ever.
  explicit delivery_link(member_identity self, std::string peer = {}, link_limits limits = {});

  /// Queues a message. False: as much is queued as may be. Throws `too_large`.
  [[nodiscard]] bool send(std::string message);

  /// There is a connection, a new one. A connection carries frames in order and without a gap, up
  /// to where it breaks: frames of an earlier one must not be given to `received`.
  void connected(instant now);
  void disconnected();
  /// A frame of the connection. Throws `malformed_answer` when it breaks the rules: the connection
  /// ends, with the frames that `next_frame` still gives.
  void received(std::string_view bytes, instant now);

  /// The next frame to be sent on the connection, if there is one now.
  [[nodiscard]] std::optional<std::string> next_frame(instant now);
  /// When to ask again though nothing happened.
  [[nodiscard]] std::optional<instant> wake() const;
  /// Whether the connection is to be closed, once `next_frame` gives no more, and why.
  [[nodiscard]] std::optional<std::string> closing(instant now) const;

  /// The next message that arrived.
  [[nodiscard]] std::optional<std::string> next_message();
  /// Messages that the earlier incarnation of the other end may or may not have had.
  [[nodiscard]] std::vector<std::string> take_lost() { return std::exchange(lost_, {}); }

  /// One end said bye on this connection, or broke the rules.
  [[nodiscard]] bool ended() const noexcept { return phase_ == phase::ending; }
  /// Both have said hello, and the other end what it has.
  [[nodiscard]] bool open() const noexcept { return phase_ == phase::open; }
  [[nodiscard]] std::uint64_t peer_incarnation() const noexcept { return peer_incarnation_; }
  /// The version of the wire that both speak, of the peer's incarnation; 0: it said no hello yet.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  [[nodiscard]] const std::string& peer() const noexcept { return peer_; }
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  /// Whether all messages were acknowledged.
  [[nodiscard]] bool idle() const noexcept { return pieces_.empty(); }

 private:
  enum class phase : std::uint8_t { closed, greeting, greeted, open, ending };
  struct piece {
    std::shared_ptr<const std::string> message{};
    std::size_t offset = 0;
    std::size_t size = 0;
    bool more = false;
  };
  struct arrived {
    std::string message{};
    std::uint64_t frames = 0;
  };

  void handle(const hello_frame& hello);
  void handle(const data_frame& data);
  void handle(const ack_frame& ack);
  void meet_incarnation(std::uint64_t incarnation);
  void end_connection(std::string reason, bool tell);
  [[noreturn]] void violated(const std::string& what);
  [[nodiscard]] std::uint64_t may_arrive_until() const;
  [[nodiscard]] bool ack_is_due(instant now) const;
  [[nodiscard]] std::string next_ack(instant now);
  [[nodiscard]] std::optional<std::string> next_data();

  member_identity self_;
  link_limits limits_;
  std::string peer_;
  std::uint64_t peer_incarnation_ = 0;
  std::uint64_t version_ = 0;

  // Of the connection.
  phase phase_ = phase::closed;
  bool hello_due_ = false;
  std::optional<std::string> bye_due_;
  std::string reason_;  ///< why it is ending
  instant last_heard_{0};
  bool ack_due_ = false;
  instant last_ack_{0};
  std::uint64_t next_to_send_ = 1;
  std::uint64_t peer_until_ = 0;

  // Towards the other end. pieces_ are those from acknowledged_ + 1 on.
  std::deque<piece> pieces_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t highest_sent_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t queued_messages_ = 0;
  std::vector<std::string> lost_;

  // From the other end.
  std::uint64_t received_ = 0;
  std::uint64_t taken_ = 0;        ///< frames of messages that the application took
  std::uint64_t held_before_ = 0;  ///< frames in `inbox_` from earlier incarnations
  std::uint64_t until_ = 0;        ///< never lowered
  std::uint64_t told_received_ = 0;
  instant untold_since_{0};  ///< when the first frame arrived that was not acknowledged
  std::uint64_t told_until_ = 0;
  std::string partial_;
  std::uint64_t partial_frames_ = 0;
  std::deque<arrived> inbox_;
};

}  // namespace mcp::cluster
