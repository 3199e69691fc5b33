#pragma once

#include "mcp/codec.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace mcp {

/// What the engine can do with a value whose type it does not know: a table of functions.
/// One constant per type; compare types with `same`, as shared objects have tables of their own.
struct value_type {
  const std::type_info* id;
  std::size_t size;
  std::size_t align;
  bool nothrow_move;
  void (*construct)(void* to);                  ///< default
  void (*copy)(void* to, const void* from);     ///< constructs at `to`
  void (*move)(void* to, void* from) noexcept;  ///< constructs at `to`, destroys `from`
  void (*destroy)(void* object) noexcept;
  bool (*equal)(const void* a, const void* b);
  void (*encode)(cbor_writer& writer, const void* object);
  void (*decode)(cbor_reader& reader, void* object);  ///< into a constructed object
  std::string (*schema)(schema_writer& writer);

  [[nodiscard]] bool same(const value_type& other) const noexcept {
    return this == &other || *id == *other.id;
  }
};

template <has_codec T>
inline constexpr value_type value_type_of{
    &typeid(T),
    sizeof(T),
    alignof(T),
    std::is_nothrow_move_constructible_v<T>,
    [](void* to) { ::new (to) T{}; },
    [](void* to, const void* from) { ::new (to) T(*static_cast<const T*>(from)); },
    [](void* to, void* from) noexcept {
      ::new (to) T(std::move(*static_cast<T*>(from)));
      static_cast<T*>(from)->~T();
    },
    [](void* object) noexcept { static_cast<T*>(object)->~T(); },
    [](const void* a, const void* b) {
      return codec<T>::equal(*static_cast<const T*>(a), *static_cast<const T*>(b));
    },
    [](cbor_writer& w, const void* object) { codec<T>::encode(w, *static_cast<const T*>(object)); },
    [](cbor_reader& r, void* object) { codec<T>::decode(r, *static_cast<T*>(object)); },
    [](schema_writer& s) { return codec<T>::schema(s); },
};

/// Owns one value of any type with a codec, or nothing. Small values need no allocation.
/// Not thread-safe.
class value {
 public:
  value() noexcept = default;
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, value> &&
           has_codec<std::remove_cvref_t<T>>) explicit value(T&& object) {
    using type = std::remove_cvref_t<T>;
    ::new (allocate(value_type_of<type>)) type(std::forward<T>(object));
  }
  /// A default-constructed value of `type`.
  explicit value(const value_type& type) { type.construct(allocate(type)); }
  /// A copy of `object`, which is of `type`.
  value(const value_type& type, const void* object) { type.copy(allocate(type), object); }
  value(const value& other) {
    if (other.type_ != nullptr) other.type_->copy(allocate(*other.type_), other.get());
  }
  value(value&& other) noexcept { steal(other); }
  value& operator=(value other) noexcept {
    reset();
    steal(other);
    return *this;
  }
  ~value() { reset(); }

  [[nodiscard]] bool has_value() const noexcept { return type_ != nullptr; }
  [[nodiscard]] const value_type* type() const noexcept { return type_; }
  [[nodiscard]] void* get() noexcept { return heap_ ? store_.pointer : store_.bytes; }
  [[nodiscard]] const void* get() const noexcept { return heap_ ? store_.pointer : store_.bytes; }
  /// The value as a `T`, which it must be.
  template <class T>
  [[nodiscard]] T& as() noexcept {
    return *static_cast<T*>(get());
  }
  template <class T>
  [[nodiscard]] const T& as() const noexcept {
    return *static_cast<const T*>(get());
  }

  void reset() noexcept {
    if (type_ == nullptr) return;
    type_->destroy(get());
    if (heap_) ::operator delete (store_.pointer, std::align_val_t{type_->align});
    type_ = nullptr;
    heap_ = false;
  }

 private:
  static constexpr std::size_t inline_size = 32;

  void* allocate(const value_type& type) {
    if (type.size > inline_size || type.align > alignof(std::max_align_t) || !type.nothrow_move) {
      store_.pointer = ::operator new (type.size, std::align_val_t{type.align});
      heap_ = true;
    }
    type_ = &type;
    return get();
  }
  void steal(value& other) noexcept {
    type_ = std::exchange(other.type_, nullptr);
    heap_ = std::exchange(other.heap_, false);
    if (type_ == nullptr) return;
    if (heap_) {
      store_.pointer = other.store_.pointer;
    } else {
      type_->move(store_.bytes, other.store_.bytes);
    }
  }

  const value_type* type_ = nullptr;
  union {
    void* pointer;
    alignas(std::max_align_t) std::byte bytes[inline_size];
  } store_;
  bool heap_ = false;
};

}  // namespace mcp
