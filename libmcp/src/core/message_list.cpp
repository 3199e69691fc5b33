#include "core/message_list.hpp"

#include <bit>

namespace mcp::core {

void message_list::clear() {
  slots_.clear();
  removed_.clear();
  tree_.clear();
  size_ = 0;
}

void message_list::push_back(nlohmann::json value) {
  slots_.push_back(std::move(value));
  ++size_;
  if (tree_.empty()) return;
  removed_.push_back(false);
  if (slots_.size() < tree_.size()) {
    add(slots_.size() - 1, true);
  } else {
    build_tree();
  }
}

void message_list::replace(std::size_t position, nlohmann::json value) {
  slots_[slot_of(position)] = std::move(value);
}

void message_list::erase(std::size_t position) {
  if (tree_.empty()) {
    if (position + 1 == size_) {
      slots_.pop_back();
      --size_;
      return;
    }
    removed_.assign(slots_.size(), false);
    build_tree();
  }
  const std::size_t slot = slot_of(position);
  removed_[slot] = true;
  slots_[slot] = nullptr;
  --size_;
  add(slot, false);
}

nlohmann::json message_list::take() && {
  nlohmann::json::array_t result;
  if (removed_.empty()) {
    result = std::move(slots_);
  } else {
    result.reserve(size_);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!removed_[i]) result.push_back(std::move(slots_[i]));
    }
  }
  clear();
  return result;
}

std::size_t message_list::slot_of(std::size_t position) const noexcept {
  if (tree_.empty()) return position;
  // Walks down to the last slot that has at most `position` present slots up to and with it.
  std::size_t slot = 0;
  for (std::size_t step = tree_.size() - 1; step > 0; step /= 2) {
    if (slot + step < tree_.size() && tree_[slot + step] <= position) {
      slot += step;
      position -= tree_[slot];
    }
  }
  return slot;
}

void message_list::build_tree() {
  // Twice the slots, so that the next rebuild is as far away as the list is long.
  tree_.assign(std::bit_ceil(slots_.size() * 2) + 1, 0);
  for (std::size_t i = 1; i < tree_.size(); ++i) {
    if (i <= slots_.size() && !removed_[i - 1]) ++tree_[i];
    const std::size_t above = i + (i & (~i + 1));
    if (above < tree_.size()) tree_[above] += tree_[i];
  }
}

void message_list::add(std::size_t slot, bool present) {
  for (std::size_t i = slot + 1; i < tree_.size(); i += i & (~i + 1)) {
    if (present) {
      ++tree_[i];
    } else {
      --tree_[i];
    }
  }
}

}  // namespace mcp::core
