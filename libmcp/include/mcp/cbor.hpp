#pragma once

#include "mcp/error.hpp"
#include "mcp/export.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mcp {

/// Deepest nesting of arrays and maps that is read or written. Deeper data is refused.
inline constexpr std::size_t max_depth = 200;

/// Appends CBOR (RFC 8949, definite lengths) to a string it owns. Not thread-safe.
class MCP_EXPORT cbor_writer {
 public:
  void null() { out_.push_back(static_cast<char>(0xf6)); }
  void boolean(bool value) { out_.push_back(static_cast<char>(value ? 0xf5 : 0xf4)); }
  void integer(std::int64_t value) {
    if (value >= 0) {
      head(0, static_cast<std::uint64_t>(value));
    } else {
      head(1, ~static_cast<std::uint64_t>(value));
    }
  }
  void unsigned_integer(std::uint64_t value) { head(0, value); }
  void real(double value);
  void text(std::string_view value) {
    head(3, value.size());
    out_.append(value);
  }
  /// What follows are `size` items.
  void array(std::size_t size) { head(4, size); }
  /// What follows are `size` pairs of a text key and an item.
  void map(std::size_t size) { head(5, size); }
  /// Adds one complete item that is already encoded.
  void raw(std::string_view encoded) { out_.append(encoded); }

  /// Makes room for so many bytes in all.
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  [[nodiscard]] const std::string& bytes() const noexcept { return out_; }
  [[nodiscard]] std::string take() noexcept { return std::exchange(out_, {}); }
  void clear() noexcept { out_.clear(); }

 private:
  void head(unsigned major, std::uint64_t value) {
    if (value < 24) {
      out_.push_back(static_cast<char>((major << 5U) | value));
    } else {
      long_head(major, value);
    }
  }
  void long_head(unsigned major, std::uint64_t value);

  std::string out_;
};

/// Kind of the next item of a `cbor_reader`.
enum class cbor_kind : std::uint8_t { integer, real, text, bytes, array, map, boolean, null, end };

[[nodiscard]] MCP_EXPORT std::string_view name(cbor_kind kind) noexcept;

/// Reads CBOR from bytes that it borrows. Every failure is an `mcp::error` with the JSON pointer of
/// the place: `malformed_cbor` for damaged bytes, `invalid_state` for a value of the wrong kind.
/// Reads what other writers produce too, except indefinite lengths. Not thread-safe.
class MCP_EXPORT cbor_reader {
 public:
  explicit cbor_reader(std::string_view bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] cbor_kind peek();
  [[nodiscard]] bool at_end() const noexcept { return position_ == bytes_.size(); }
  /// True, and the null is passed, when the next item is null.
  [[nodiscard]] bool skip_null();

  [[nodiscard]] bool boolean();
  [[nodiscard]] std::int64_t integer();
  [[nodiscard]] std::uint64_t unsigned_integer();
  [[nodiscard]] double real();  ///< accepts integers
  /// Borrowed from the bytes.
  [[nodiscard]] std::string_view text();
  [[nodiscard]] std::size_t array();
  [[nodiscard]] std::size_t map();
  void skip();
  /// Passes the next item and returns its bytes, borrowed.
  [[nodiscard]] std::string_view raw();

  /// Throws `invalid_state` with the present place.
  [[noreturn]] void fail(const std::string& message) const;
  /// The present place as a JSON pointer; the root is "".
  [[nodiscard]] std::string place() const;

  /// Makes `key` (or `index`) part of the place while it lives. Keys are borrowed.
  class MCP_EXPORT scope {
   public:
    scope(cbor_reader& reader, std::string_view key);
    scope(cbor_reader& reader, std::size_t index);
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() { --reader_.depth_; }

   private:
    cbor_reader& reader_;
  };

 private:
  struct segment {
    std::string_view key;
    std::size_t index;
  };
  struct item_head {
    unsigned major;
    unsigned info;
    std::uint64_t value;
  };

  [[nodiscard]] item_head head();
  [[nodiscard]] std::size_t length(const item_head& item, std::size_t smallest_item);
  [[noreturn]] void damaged(const char* what) const;
  [[noreturn]] void wrong_kind(const char* expected);
  segment& push();

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::size_t depth_ = 0;
  std::array<segment, max_depth> path_;  // only the first depth_ are set
};

/// JSON text of one CBOR item. Throws `malformed_cbor`. Bytes that are not UTF-8 are replaced.
[[nodiscard]] MCP_EXPORT std::string cbor_to_json(std::string_view cbor);
/// One CBOR item of JSON text. Throws `malformed_json` with line and column, or with the key that
/// stands twice in an object and where; `too_large` when it is nested deeper than `max_depth`.
[[nodiscard]] MCP_EXPORT std::string json_to_cbor(std::string_view json);

}  // namespace mcp
