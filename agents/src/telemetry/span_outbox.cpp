#include "telemetry/span_outbox.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mcp::telemetry {

span_outbox::span_outbox(const otlp_options& options)
    : room_(options.queue),
      batch_size_(options.batch),
      every_(options.every),
      attempts_(options.attempts),
      shortest_wait_(options.shortest_wait),
      longest_wait_(options.longest_wait) {}

void span_outbox::push(span one, time now) {
  if (queue_.size() + batch_.size() >= room_) {
    ++counts_.dropped;
    return;
  }
  if (queue_.empty()) oldest_ = now;
  queue_.push_back(std::move(one));
}

const std::vector<span>* span_outbox::next(time now) {
  if (const auto when = wake(); !when || *when > now) return nullptr;
  if (batch_.empty()) {
    const auto size = std::min(batch_size_, queue_.size());
    const auto last = queue_.begin() + static_cast<std::ptrdiff_t>(size);
    batch_.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(last));
    queue_.erase(queue_.begin(), last);
    oldest_ = now;
    tried_ = 0;
  }
  ++tried_;
  return &batch_;
}

std::optional<span_outbox::time> span_outbox::wake() const {
  if (empty()) return std::nullopt;
  if (hurry_) return time{};
  if (!batch_.empty()) return again_at_;
  return full_batch() ? time{} : oldest_ + every_;
}

void span_outbox::taken(std::uint64_t rejected) {
  const auto lost = std::min<std::uint64_t>(rejected, batch_.size());
  counts_.exported += batch_.size() - lost;
  counts_.dropped += lost;
  batch_.clear();
}

void span_outbox::failed(bool passing, std::optional<milliseconds> retry_after, time now,
                         double share) {
  ++counts_.failures;
  if (!passing || hurry_ || tried_ >= attempts_) return give_up();
  const auto asked = retry_after.value_or(milliseconds{0});
  if (asked > longest_wait_) return give_up();
  const auto most =
      std::min<double>(std::ldexp(static_cast<double>(shortest_wait_.count()), tried_ - 1),
                       static_cast<double>(longest_wait_.count()));
  // Half of it by chance, so that those who failed together do not come back together.
  const milliseconds grown{std::llround(most * (0.5 + share / 2))};
  again_at_ = now + std::max(asked, grown);
}

void span_outbox::give_up() {
  counts_.dropped += batch_.size();
  batch_.clear();
}

otlp_counts span_outbox::counts() const {
  auto now = counts_;
  now.waiting = queue_.size() + batch_.size();
  return now;
}

}  // namespace mcp::telemetry
