#include "mcp/cbor.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace mcp {
namespace {

double half_to_double(std::uint64_t half) {
  const auto exponent = static_cast<int>((half >> 10U) & 0x1fU);
  const auto mantissa = static_cast<double>(half & 0x3ffU);
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent != 31) {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  } else {
    value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  }
  return (half & 0x8000U) != 0 ? -value : value;
}

std::string shorten(std::string_view text) {
  constexpr std::size_t most = 40;
  if (text.size() <= most) return std::string{text};
  auto size = most;  // a character of UTF-8 stays whole
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) --size;
  return std::string{text.substr(0, size)} + "...";
}

/// A key as a segment of a JSON pointer (RFC 6901).
void append_segment(std::string& pointer, std::string_view key) {
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace

void cbor_writer::real(double value) {
  out_.push_back(static_cast<char>(0xfb));
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(bits >> shift));
}

void cbor_writer::long_head(unsigned major, std::uint64_t value) {
  unsigned info = 27;
  int shift = 56;
  if (value <= 0xff) {
    info = 24;
    shift = 0;
  } else if (value <= 0xffff) {
    info = 25;
    shift = 8;
  } else if (value <= 0xffffffff) {
    info = 26;
    shift = 24;
  }
  out_.push_back(static_cast<char>((major << 5U) | info));
  for (; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(value >> shift));
}

std::string_view name(cbor_kind kind) noexcept {
  switch (kind) {
    case cbor_kind::integer:
      return "an integer";
    case cbor_kind::real:
      return "a number";
    case cbor_kind::text:
      return "a string";
    case cbor_kind::bytes:
      return "bytes";
    case cbor_kind::array:
      return "an array";
    case cbor_kind::map:
      return "an object";
    case cbor_kind::boolean:
      return "a boolean";
    case cbor_kind::null:
      return "null";
    case cbor_kind::end:
      break;
  }
  return "the end of the data";
}

cbor_reader::scope::scope(cbor_reader& reader, std::string_view key) : reader_(reader) {
  reader.push() = {key, 0};
}

cbor_reader::scope::scope(cbor_reader& reader, std::size_t index) : reader_(reader) {
  reader.push() = {{}, index};
}

cbor_reader::segment& cbor_reader::push() {
  if (depth_ == path_.size()) damaged("nested too deeply");
  return path_[depth_++];
}

std::string cbor_reader::place() const {
  std::string result;
  for (std::size_t i = 0; i < depth_; ++i) {
    result += '/';
    if (path_[i].key.data() != nullptr) {
      append_segment(result, path_[i].key);
    } else {
      result += std::to_string(path_[i].index);
    }
  }
  return result;
}

void cbor_reader::fail(const std::string& message) const {
  const auto where = place();
  throw error{errc::invalid_state, (where.empty() ? "the value" : "at " + where) + ": " + message};
}

void cbor_reader::damaged(const char* what) const {
  throw error{errc::malformed_cbor, std::string{what} + " at byte " + std::to_string(position_) +
                                        (depth_ > 0 ? " (" + place() + ")" : std::string{})};
}

void cbor_reader::wrong_kind(const char* expected) {
  const auto kind = peek();
  std::string found{name(kind)};
  if (kind == cbor_kind::text) found += " \"" + shorten(text()) + "\"";
  if (kind == cbor_kind::integer || kind == cbor_kind::real)
    found += " " + shorten(cbor_to_json(raw()));
  fail(std::string{"expected "} + expected + ", found " + found);
}

cbor_kind cbor_reader::peek() {
  if (at_end()) return cbor_kind::end;
  const auto byte = static_cast<unsigned char>(bytes_[position_]);
  switch (byte >> 5U) {
    case 0:
    case 1:
      return cbor_kind::integer;
    case 2:
      return cbor_kind::bytes;
    case 3:
      return cbor_kind::text;
    case 4:
      return cbor_kind::array;
    case 5:
      return cbor_kind::map;
    case 6:
      damaged("a tag, which is not supported,");
    default:
      break;
  }
  switch (byte & 0x1fU) {
    case 20:
    case 21:
      return cbor_kind::boolean;
    case 22:
    case 23:
      return cbor_kind::null;
    case 25:
    case 26:
    case 27:
      return cbor_kind::real;
    default:
      damaged("an unknown simple value");
  }
}

cbor_reader::item_head cbor_reader::head() {
  if (at_end()) damaged("the data ends too early");
  const unsigned first = static_cast<unsigned char>(bytes_[position_]);
  const item_head short_form{first >> 5U, first & 0x1fU, first & 0x1fU};
  if (short_form.info < 24) {
    ++position_;
    return short_form;
  }
  if (short_form.info > 27) damaged("an indefinite or reserved length, which is not supported,");
  const std::size_t size = std::size_t{1} << (short_form.info - 24);
  if (bytes_.size() - position_ - 1 < size) damaged("the data ends too early");
  std::uint64_t value = 0;
  for (std::size_t i = 1; i <= size; ++i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes_[position_ + i]);
  }
  position_ += size + 1;
  return {short_form.major, short_form.info, value};
}

std::size_t cbor_reader::length(const item_head& item, std::size_t smallest_item) {
  // Every item takes at least a byte, so no length can promise more than what is left.
  if (item.value > (bytes_.size() - position_) / smallest_item) damaged("a length beyond the data");
  return static_cast<std::size_t>(item.value);
}

bool cbor_reader::skip_null() {
  if (peek() != cbor_kind::null) return false;
  ++position_;
  return true;
}

bool cbor_reader::boolean() {
  if (peek() != cbor_kind::boolean) wrong_kind("a boolean");
  return static_cast<unsigned char>(bytes_[position_++]) == 0xf5;
}

std::int64_t cbor_reader::integer() {
  const auto kind = peek();
  if (kind == cbor_kind::real) {
    const auto start = position_;
    const double value = real();
    constexpr double limit = 9007199254740992.0;  // 2^53: beyond it a double is not one integer
    if (std::abs(value) <= limit && value == std::floor(value)) {
      return static_cast<std::int64_t>(value);
    }
    position_ = start;
  }
  if (kind != cbor_kind::integer) wrong_kind("an integer");
  const auto start = position_;
  const auto item = head();
  if (item.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    position_ = start;
    fail("an integer beyond 64 bits with sign");
  }
  const auto value = static_cast<std::int64_t>(item.value);
  return item.major == 0 ? value : -1 - value;
}

std::uint64_t cbor_reader::unsigned_integer() {
  if (peek() == cbor_kind::integer && static_cast<unsigned char>(bytes_[position_]) >> 5U == 0) {
    return head().value;
  }
  const auto value = integer();
  if (value < 0) fail("expected an integer of at least 0, found " + std::to_string(value));
  return static_cast<std::uint64_t>(value);
}

double cbor_reader::real() {
  const auto kind = peek();
  if (kind != cbor_kind::real && kind != cbor_kind::integer) wrong_kind("a number");
  const auto item = head();
  if (kind == cbor_kind::integer) {
    const auto value = static_cast<double>(item.value);
    return item.major == 0 ? value : -1 - value;
  }
  switch (item.info) {
    case 25:
      return half_to_double(item.value);
    case 26:
      return std::bit_cast<float>(static_cast<std::uint32_t>(item.value));
    default:
      return std::bit_cast<double>(item.value);
  }
}

std::string_view cbor_reader::text() {
  if (peek() != cbor_kind::text) wrong_kind("a string");
  const auto size = length(head(), 1);
  const auto result = bytes_.substr(position_, size);
  position_ += size;
  return result;
}

std::size_t cbor_reader::array() {
  if (peek() != cbor_kind::array) wrong_kind("an array");
  return length(head(), 1);
}

std::size_t cbor_reader::map() {
  if (peek() != cbor_kind::map) wrong_kind("an object");
  return length(head(), 2);
}

void cbor_reader::skip() {
  std::array<std::uint64_t, max_depth> open;  // items still to come, per level
  std::size_t level = 0;
  for (;;) {
    const auto kind = peek();
    if (kind == cbor_kind::end) damaged("the data ends too early");
    const auto item = head();
    if (kind == cbor_kind::text || kind == cbor_kind::bytes) position_ += length(item, 1);
    if (kind == cbor_kind::array || kind == cbor_kind::map) {
      const auto items =
          length(item, kind == cbor_kind::map ? 2 : 1) * (kind == cbor_kind::map ? 2 : 1);
      if (items > 0) {
        if (level == open.size()) damaged("nested too deeply");
        open[level++] = items;
        continue;
      }
    }
    while (level > 0 && --open[level - 1] == 0) --level;
    if (level == 0) return;
  }
}

std::string_view cbor_reader::raw() {
  const auto start = position_;
  skip();
  return bytes_.substr(start, position_ - start);
}

}  // namespace mcp
