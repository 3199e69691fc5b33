#pragma once

#include "mcp/reducers.hpp"
#include "mcp/value.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

/// The erased view of a state: what the engine, which knows no state type, works with.
namespace mcp {

enum class write_mode : std::uint8_t { reduce, overwrite };

/// One value for one channel, on its way from a node into the state.
struct channel_write {
  std::uint16_t channel = 0;
  write_mode mode = write_mode::reduce;
  mcp::value content{};
};

/// One field of a state with its reducer. Immutable; safe from several threads.
class MCP_EXPORT channel {
 public:
  channel(std::string_view name, const value_type& type, visibility seen, std::string_view text)
      : name_(name), type_(&type), seen_(seen), text_(text) {}
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;
  virtual ~channel();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const value_type& type() const noexcept { return *type_; }
  [[nodiscard]] visibility seen() const noexcept { return seen_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool is_input() const noexcept {
    return seen_ == visibility::both || seen_ == visibility::input;
  }
  [[nodiscard]] bool is_output() const noexcept {
    return seen_ == visibility::both || seen_ == visibility::output;
  }
  [[nodiscard]] bool many_writers() const noexcept { return many_writers_; }
  [[nodiscard]] bool ephemeral() const noexcept { return ephemeral_; }
  [[nodiscard]] bool tracked() const noexcept { return tracked_; }
  /// Its writes are faster with a `message_index` beside the field.
  [[nodiscard]] bool by_id() const noexcept { return by_id_; }

  /// The field inside a state object of the owning type.
  [[nodiscard]] virtual const void* at(const void* state) const = 0;
  [[nodiscard]] void* at(void* state) const {
    return const_cast<void*>(at(static_cast<const void*>(state)));
  }
  /// Merges `incoming`, of the channel's type, through the reducer.
  virtual void reduce(void* state, mcp::value&& incoming, write_aids aids) const = 0;
  /// Replaces the field, by-passing the reducer.
  virtual void assign(void* state, mcp::value&& incoming, write_aids aids) const = 0;
  /// For ephemeral and barrier channels that were not written in a superstep.
  virtual void expire(void* state, patch_writer* patches) const = 0;
  /// What must be written through the reducer so that `before` becomes `after`: the new elements of
  /// an appended list; nothing when that cannot be said, and the caller overwrites.
  [[nodiscard]] virtual mcp::value difference(const void* before, const void* after) const = 0;
  /// The JSON Schema of the field's type.
  [[nodiscard]] virtual std::string schema(schema_writer& writer) const {
    return type_->schema(writer);
  }

 protected:
  bool many_writers_ = false;
  bool ephemeral_ = false;
  bool tracked_ = true;
  bool by_id_ = false;

 private:
  std::string name_;
  const value_type* type_;
  visibility seen_;
  std::string text_;
};

/// The type of a state: its channels and how to make, copy and destroy an object. Immutable.
class MCP_EXPORT state_type {
 public:
  state_type(std::string_view name, const std::type_info& id) : name_(name), id_(&id) {}
  state_type(const state_type&) = delete;
  state_type& operator=(const state_type&) = delete;
  virtual ~state_type();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::type_info& id() const noexcept { return *id_; }
  /// Whether writes for one are writes for the other: the same C++ type with the same channels,
  /// which states that are made at run time need not have.
  [[nodiscard]] bool same(const state_type& other) const noexcept;
  [[nodiscard]] std::size_t channel_count() const noexcept { return channels_.size(); }
  [[nodiscard]] const channel& at(std::size_t index) const noexcept { return *channels_[index]; }
  /// Index of the channel, or -1.
  [[nodiscard]] int find(std::string_view channel_name) const noexcept;
  /// Indices of the channels that expire.
  [[nodiscard]] const std::vector<std::uint16_t>& expiring() const noexcept { return expiring_; }

  [[nodiscard]] virtual void* make() const = 0;
  [[nodiscard]] virtual void* copy(const void* object) const = 0;
  virtual void destroy(void* object) const noexcept = 0;
  /// A state object as a value that a send may bring; null for states made at run time.
  [[nodiscard]] virtual const value_type* object() const noexcept { return nullptr; }
  /// The writes that stand for `input`, what a send brings to a graph over this state: by default
  /// an object of the state, of which the fields count that differ from a fresh one's.
  [[nodiscard]] virtual std::vector<channel_write> input_writes(const mcp::value& input) const;

 protected:
  void add(std::unique_ptr<channel> added);

 private:
  std::string name_;
  const std::type_info* id_;
  std::vector<std::unique_ptr<channel>> channels_;
  std::vector<std::uint16_t> expiring_;
};

/// Shared ownership of one state object. The run changes it in place while it is the only owner and
/// copies it otherwise, so whoever holds a pointer sees an unchanging state. Copies of one pointer
/// may be used from several threads; a single pointer may not.
class MCP_EXPORT state_pointer {
 public:
  state_pointer() noexcept = default;
  /// Takes ownership of `object`, which `type` made; `type` must outlive it.
  state_pointer(const state_type& type, void* object);
  state_pointer(const state_pointer& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  state_pointer(state_pointer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  state_pointer& operator=(state_pointer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~state_pointer() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }
  [[nodiscard]] const void* get() const noexcept {
    return block_ == nullptr ? nullptr : block_->object;
  }
  [[nodiscard]] const state_type& type() const noexcept { return *block_->type; }
  template <class T>
  [[nodiscard]] const T& as() const noexcept {
    return *static_cast<const T*>(get());
  }
  /// The object for writing: makes this pointer its only owner first, by a copy if it must.
  [[nodiscard]] void* edit();
  [[nodiscard]] state_pointer clone() const;
  void reset() noexcept;

 private:
  struct block {
    std::atomic<std::uint32_t> owners{1};
    const state_type* type = nullptr;
    void* object = nullptr;
  };
  block* block_ = nullptr;
};

}  // namespace mcp

#include "mcp/typed_state.hpp"
