#include "mcp/agents/conversation_window.hpp"

#include "mcp/agents/model_policies.hpp"
#include "memory/conversation_units.hpp"

#include <limits>
#include <optional>

namespace mcp {
namespace {

using memories::conversation_units;

/// Decides unit by unit, from the newest one back.
class window {
 public:
  window(const conversation_units& units, const window_limit& limit)
      : all_(units.all),
        orphans_(units.orphans),
        kept_(units.all.size(), false),
        tokens_left_(limit.max_tokens > 0 ? limit.max_tokens
                                          : std::numeric_limits<std::int64_t>::max()),
        turns_left_(limit.max_turns > 0 ? limit.max_turns
                                        : std::numeric_limits<std::size_t>::max()) {}

  [[nodiscard]] std::vector<std::size_t> decide() {
    keep_what_must_be();
    fill();
    begin_with_a_question();
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      for (auto at = all_[i].begin; kept_[i] && at < all_[i].end; ++at) {
        if (!orphans_[at]) indices.push_back(at);
      }
    }
    return indices;
  }

 private:
  [[nodiscard]] bool flows(std::size_t i) const { return !all_[i].fixed && !all_[i].orphan; }

  void keep(std::size_t i) {
    if (kept_[i]) return;
    kept_[i] = true;
    tokens_left_ -= all_[i].tokens;
  }

  void keep_what_must_be() {
    std::optional<std::size_t> newest;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].orphan) continue;
      if (all_[i].fixed) keep(i);
      if (flows(i)) newest = i;
      if (all_[i].asks) question_ = i;
    }
    if (newest) keep(*newest);
    if (question_) keep(*question_);
  }

  /// A user's unit that follows something else.
  [[nodiscard]] bool begins_turn(std::size_t i) const {
    if (!all_[i].asks) return false;
    while (i > 0 && !flows(i - 1)) --i;
    return i == 0 || !all_[i - 1].asks;
  }

  void fill() {
    for (auto i = all_.size(); i > 0 && turns_left_ > 0; --i) {
      if (!flows(i - 1)) continue;
      if (!kept_[i - 1] && all_[i - 1].tokens > tokens_left_) return;
      keep(i - 1);
      if (begins_turn(i - 1)) --turns_left_;
    }
  }

  void begin_with_a_question() {
    for (std::size_t i = 0; question_ && i < *question_; ++i) {
      if (!kept_[i] || !flows(i)) continue;
      if (all_[i].asks) return;
      kept_[i] = false;
    }
  }

  const std::vector<memories::conversation_unit>& all_;
  const std::vector<bool>& orphans_;
  std::vector<bool> kept_;
  std::int64_t tokens_left_;
  std::size_t turns_left_;
  std::optional<std::size_t> question_{};  ///< the last unit in which a user speaks
};

}  // namespace

std::vector<std::size_t> window_of(const std::vector<message>& conversation,
                                   const window_limit& limit) {
  const auto units = memories::units_of(conversation, limit);
  return window{units, limit}.decide();
}

std::vector<message> removals(const std::vector<message>& conversation,
                              const std::vector<std::size_t>& kept) {
  std::vector<message> gone;
  auto next = kept.rbegin();
  // The newest first: the reducer searches from the end, and moves only what is kept.
  for (auto i = conversation.size(); i > 0; --i) {
    if (next != kept.rend() && *next == i - 1) {
      ++next;
      continue;
    }
    const auto& id = conversation[i - 1].id;
    if (id.empty()) {
      throw error{errc::invalid_argument, "message " + std::to_string(i - 1) +
                                              " has no id and cannot be removed; write messages "
                                              "through mcp::add_messages, which gives them one"};
    }
    gone.push_back(remove_message(id));
  }
  return gone;
}

model_node_options with_window(model_node_options options, window_limit limit) {
  options.before = [limit = std::move(limit),
                    next = std::move(options.before)](chat_request& request) {
    const auto all = std::exchange(request.messages, {});
    auto room = limit;
    if (room.max_tokens > 0) {
      // At least one: nothing left is not the same as no limit.
      room.max_tokens = std::max<std::int64_t>(room.max_tokens - estimated_tokens(request), 1);
    }
    for (const auto index : window_of(all, room)) request.messages.push_back(all[index]);
    if (next) next(request);
  };
  return options;
}

}  // namespace mcp
