#include "delivery/link.hpp"

#include "mcp/error.hpp"

#include <algorithm>
#include <utility>

namespace mcp::cluster {
namespace {

std::string in_marks(const std::string& text) {
  return "\"" + text + "\"";
}

/// What speaks against a peer's hello; empty: nothing.
std::string objection_to(const hello_frame& hello, const member_identity& self,
                         const std::string& peer, std::uint64_t known_incarnation) {
  if (hello.lowest > highest_wire_version || hello.highest < lowest_wire_version) {
    return "member " + in_marks(hello.name) + " speaks versions " + std::to_string(hello.lowest) +
           " to " + std::to_string(hello.highest) + " of the wire, member " + in_marks(self.name) +
           " " + std::to_string(lowest_wire_version) + " to " +
           std::to_string(highest_wire_version);
  }
  if (hello.cluster != self.cluster) {
    return "member " + in_marks(hello.name) + " is of the cluster " + in_marks(hello.cluster) +
           ", member " + in_marks(self.name) + " of " + in_marks(self.cluster);
  }
  if (hello.name == self.name) return "both members have the name " + in_marks(self.name);
  if (!peer.empty() && hello.name != peer) {
    return "member " + in_marks(hello.name) + " answers where " + in_marks(peer) + " is expected";
  }
  if (hello.incarnation < known_incarnation) {
    return "member " + in_marks(hello.name) + " has started again since this process of it";
  }
  return {};
}

}  // namespace

delivery_link::delivery_link(member_identity self, std::string peer, link_limits limits)
    : self_(std::move(self)), limits_(limits), peer_(std::move(peer)) {}

bool delivery_link::send(std::string message) {
  if (message.size() > limits_.message_bytes) {
    throw error{errc::too_large, "a message of " + std::to_string(message.size()) +
                                     " bytes to another member; the limit is " +
                                     std::to_string(limits_.message_bytes)};
  }
  if (queued_messages_ >= limits_.queued_messages ||
      queued_bytes_ + message.size() > limits_.queued_bytes) {
    return false;
  }
  queued_bytes_ += message.size();
  ++queued_messages_;
  const auto whole = std::make_shared<const std::string>(std::move(message));
  std::size_t offset = 0;
  do {
    const auto size = std::min(limits_.payload_bytes, whole->size() - offset);
    pieces_.push_back({whole, offset, size, offset + size < whole->size()});
    offset += size;
  } while (offset < whole->size());
  return true;
}

void delivery_link::connected(instant now) {
  phase_ = phase::greeting;
  hello_due_ = true;
  bye_due_.reset();
  reason_.clear();
  last_heard_ = last_ack_ = now;
  ack_due_ = false;
}

void delivery_link::disconnected() {
  phase_ = phase::closed;
  hello_due_ = false;
  bye_due_.reset();
}

void delivery_link::end_connection(std::string reason, bool tell) {
  phase_ = phase::ending;
  hello_due_ = false;
  if (tell) bye_due_ = reason;
  reason_ = std::move(reason);
}

void delivery_link::violated(const std::string& what) {
  const auto whole =
      "member " + (peer_.empty() ? std::string{"of unknown name"} : in_marks(peer_)) + " " + what;
  end_connection(whole, true);
  throw error{errc::malformed_answer, whole};
}

void delivery_link::received(std::string_view bytes, instant now) {
  if (phase_ == phase::closed || phase_ == phase::ending) return;
  last_heard_ = now;
  try {
    const auto one = decode_frame(bytes);
    if (const auto* hello = std::get_if<hello_frame>(&one)) return handle(*hello);
    if (const auto* bye = std::get_if<bye_frame>(&one)) return end_connection(bye->reason, false);
    if (phase_ == phase::greeting) violated("does not say hello first");
    if (const auto* ack = std::get_if<ack_frame>(&one)) return handle(*ack);
    if (const auto* data = std::get_if<data_frame>(&one)) {
      if (received_ == told_received_) untold_since_ = now;
      return handle(*data);
    }
  } catch (const error& wrong) {
    if (phase_ != phase::ending) end_connection(wrong.message(), true);
    throw;
  }
}

void delivery_link::handle(const hello_frame& hello) {
  if (phase_ != phase::greeting) violated("says hello anew");
  if (auto objection = objection_to(hello, self_, peer_, peer_incarnation_); !objection.empty()) {
    return end_connection(std::move(objection), true);
  }
  peer_ = hello.name;
  version_ = std::min(hello.highest, highest_wire_version);
  if (hello.incarnation != peer_incarnation_) meet_incarnation(hello.incarnation);
  phase_ = phase::greeted;
  ack_due_ = true;
}

void delivery_link::meet_incarnation(std::uint64_t incarnation) {
  if (std::exchange(peer_incarnation_, incarnation) == 0) return;
  const std::string* last = nullptr;
  for (const auto& one : pieces_) {
    if (one.message.get() != last) lost_.push_back(*one.message);
    last = one.message.get();
  }
  pieces_.clear();
  queued_bytes_ = queued_messages_ = 0;
  acknowledged_ = highest_sent_ = 0;
  held_before_ = 0;
  for (const auto& one : inbox_) held_before_ += one.frames;
  received_ = taken_ = until_ = told_received_ = told_until_ = partial_frames_ = 0;
  partial_.clear();
}

void delivery_link::handle(const ack_frame& ack) {
  if (ack.received < acknowledged_) violated("forgot what it had acknowledged");
  if (ack.received > highest_sent_) violated("acknowledges what was not sent to it");
  if (ack.until < ack.received) violated("takes back what it let be sent");
  for (; acknowledged_ < ack.received; ++acknowledged_) {
    const auto& done = pieces_.front();
    if (!done.more) {
      queued_bytes_ -= done.message->size();
      --queued_messages_;
    }
    pieces_.pop_front();
  }
  if (phase_ == phase::greeted) {
    phase_ = phase::open;
    next_to_send_ = acknowledged_ + 1;
    peer_until_ = ack.until;
  }
  peer_until_ = std::max(peer_until_, ack.until);
  next_to_send_ = std::max(next_to_send_, acknowledged_ + 1);
}

void delivery_link::handle(const data_frame& data) {
  if (data.number != received_ + 1) {
    violated("sends frame " + std::to_string(data.number) + " where " +
             std::to_string(received_ + 1) + " is the next");
  }
  if (data.number > told_until_) violated("sends more than it may");
  if (data.more && data.payload.empty()) violated("sends an empty piece of a message");
  if (partial_.size() + data.payload.size() > limits_.message_bytes) {
    violated("sends a message of more than " + std::to_string(limits_.message_bytes) + " bytes");
  }
  ++received_;
  ++partial_frames_;
  partial_.append(data.payload);
  if (data.more) return;
  inbox_.push_back({std::exchange(partial_, {}), std::exchange(partial_frames_, 0)});
}

std::optional<std::string> delivery_link::next_message() {
  if (inbox_.empty()) return std::nullopt;
  auto first = std::move(inbox_.front());
  inbox_.pop_front();
  const auto before = std::min(held_before_, first.frames);  // all of it, or nothing
  held_before_ -= before;
  taken_ += first.frames - before;
  return std::move(first.message);
}

std::uint64_t delivery_link::may_arrive_until() const {
  const auto partial = inbox_.empty() ? partial_frames_ : 0;
  return std::max(until_,
                  taken_ + partial + limits_.window - std::min(limits_.window, held_before_));
}

bool delivery_link::ack_is_due(instant now) const {
  if (phase_ != phase::greeted && phase_ != phase::open) return false;
  const auto quarter = std::max<std::uint64_t>(limits_.window / 4, 1);
  return ack_due_ || received_ - told_received_ >= quarter ||
         may_arrive_until() - told_until_ >= quarter || now - last_ack_ >= limits_.heartbeat ||
         (received_ != told_received_ && now - untold_since_ >= limits_.ack_within);
}

std::string delivery_link::next_ack(instant now) {
  ack_due_ = false;
  last_ack_ = now;
  told_received_ = received_;
  told_until_ = until_ = may_arrive_until();
  return encode_frame(ack_frame{told_received_, told_until_});
}

std::optional<std::string> delivery_link::next_data() {
  if (phase_ != phase::open || pieces_.empty()) return std::nullopt;
  const auto index = next_to_send_ - acknowledged_ - 1;
  if (index >= pieces_.size() || next_to_send_ > peer_until_) return std::nullopt;
  const auto& one = pieces_[static_cast<std::size_t>(index)];
  auto frame = encode_frame(data_frame{
      next_to_send_, one.more, std::string_view{*one.message}.substr(one.offset, one.size)});
  highest_sent_ = std::max(highest_sent_, next_to_send_++);
  return frame;
}

std::optional<std::string> delivery_link::next_frame(instant now) {
  if (phase_ == phase::closed) return std::nullopt;
  if (bye_due_) return encode_frame(bye_frame{*std::exchange(bye_due_, std::nullopt)});
  if (std::exchange(hello_due_, false)) {
    return encode_frame(hello_frame{
        .cluster = self_.cluster, .name = self_.name, .incarnation = self_.incarnation});
  }
  if (ack_is_due(now)) return next_ack(now);
  return next_data();
}

std::optional<instant> delivery_link::wake() const {
  if (phase_ == phase::closed || phase_ == phase::ending) return std::nullopt;
  const instant silent = last_heard_ + limits_.silence;
  if (phase_ == phase::greeting) return silent;
  auto next = std::min<instant>(silent, last_ack_ + limits_.heartbeat);
  if (received_ != told_received_)
    next = std::min<instant>(next, untold_since_ + limits_.ack_within);
  return next;
}

std::optional<std::string> delivery_link::closing(instant now) const {
  if (phase_ == phase::closed) return std::nullopt;
  if (phase_ == phase::ending) return reason_;
  if (now - last_heard_ < limits_.silence) return std::nullopt;
  return "nothing was heard for " + std::to_string(limits_.silence.count()) + " ms";
}

}  // namespace mcp::cluster
