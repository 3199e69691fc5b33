#include "mcp/graph_builder.hpp"

#include <algorithm>

namespace mcp {

channel::~channel() = default;
state_type::~state_type() = default;

int state_type::find(std::string_view channel_name) const noexcept {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i]->name() == channel_name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<channel_write> state_type::input_writes(const mcp::value& input) const {
  return detail::given_fields(*this, input.get());
}

bool state_type::same(const state_type& other) const noexcept {
  if (this == &other) return true;
  return *id_ == *other.id_ &&
         std::equal(channels_.begin(), channels_.end(), other.channels_.begin(),
                    other.channels_.end(), [](const auto& a, const auto& b) {
                      return a->name() == b->name() && a->type().same(b->type());
                    });
}

void state_type::add(std::unique_ptr<channel> added) {
  if (added->ephemeral()) expiring_.push_back(static_cast<std::uint16_t>(channels_.size()));
  channels_.push_back(std::move(added));
}

state_pointer::state_pointer(const state_type& type, void* object) : block_(new block) {
  block_->type = &type;
  block_->object = object;
}

void* state_pointer::edit() {
  // Acquire: whatever the last other owner read happened before we write.
  if (block_->owners.load(std::memory_order_acquire) != 1) *this = clone();
  return block_->object;
}

state_pointer state_pointer::clone() const {
  return {*block_->type, block_->type->copy(block_->object)};
}

void state_pointer::reset() noexcept {
  if (block_ == nullptr) return;
  if (block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    block_->type->destroy(block_->object);
    delete block_;
  }
  block_ = nullptr;
}

}  // namespace mcp
