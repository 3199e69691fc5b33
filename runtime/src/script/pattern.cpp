#include "script/pattern.hpp"

#include <cctype>

namespace mcp::cluster {
namespace {

using byte_set = std::bitset<256>;

byte_set class_of(char letter) noexcept {
  const auto code = static_cast<unsigned char>(letter);
  byte_set set;
  int (*test)(int) = nullptr;
  switch (std::tolower(code)) {
    case 'a':
      test = std::isalpha;
      break;
    case 'c':
      test = std::iscntrl;
      break;
    case 'd':
      test = std::isdigit;
      break;
    case 'g':
      test = std::isgraph;
      break;
    case 'l':
      test = std::islower;
      break;
    case 'p':
      test = std::ispunct;
      break;
    case 's':
      test = std::isspace;
      break;
    case 'u':
      test = std::isupper;
      break;
    case 'w':
      test = std::isalnum;
      break;
    case 'x':
      test = std::isxdigit;
      break;
    default:
      return set.set(code);
  }
  for (int i = 0; i < 256; ++i) set.set(static_cast<std::size_t>(i), test(i) != 0);
  return std::isupper(code) != 0 ? ~set : set;
}

}  // namespace

class lua_pattern::compiler {
 public:
  compiler(lua_pattern& to, std::string_view text) noexcept : to_(to), text_(text) {}

  const char* run() noexcept {
    while (error_ == nullptr && !text_.empty()) step();
    if (error_ == nullptr && open_count_ > 0) return "unfinished capture";
    return error_;
  }

 private:
  char take() noexcept {
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }

  item* add(kind what) noexcept {
    if (to_.size_ == max_items) {
      error_ = "the pattern is too long";
      return nullptr;
    }
    auto& one = to_.items_[to_.size_++];
    one = item{};
    one.what = what;
    return &one;
  }

  void step() noexcept {
    const char c = take();
    switch (c) {
      case '(':
        return open();
      case ')':
        return close();
      case '$':
        if (text_.empty()) {
          add(kind::finish);
          return;
        }
        return single(byte_set{}.set('$'));
      case '%':
        return escape();
      case '[':
        return single(set());
      case '.':
        return single(byte_set{}.set());
      default:
        return single(byte_set{}.set(static_cast<unsigned char>(c)));
    }
  }

  void open() noexcept {
    if (to_.captures_ == max_captures) {
      error_ = "too many captures";
      return;
    }
    const bool place = !text_.empty() && text_.front() == ')';
    if (place) text_.remove_prefix(1);
    auto* one = add(place ? kind::place : kind::open);
    if (one == nullptr) return;
    one->first = static_cast<unsigned char>(to_.captures_++);
    if (!place) open_[open_count_++] = one->first;
    closed_[one->first] = place;
  }

  void close() noexcept {
    if (open_count_ == 0) {
      error_ = "invalid pattern capture";
      return;
    }
    auto* one = add(kind::close);
    if (one == nullptr) return;
    one->first = open_[--open_count_];
    closed_[one->first] = true;
  }

  void escape() noexcept {
    if (text_.empty()) {
      error_ = "malformed pattern (ends with '%')";
      return;
    }
    const char c = take();
    if (c == 'b') return balanced();
    if (c == 'f') return frontier();
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return single(class_of(c));
    const auto index = static_cast<std::size_t>(c - '1');
    if (c == '0' || index >= to_.captures_ || !closed_[index]) {
      error_ = "invalid capture index in the pattern";
      return;
    }
    if (auto* one = add(kind::again)) one->first = static_cast<unsigned char>(index);
  }

  void balanced() noexcept {
    if (text_.size() < 2) {
      error_ = "missing arguments to '%b'";
      return;
    }
    auto* one = add(kind::balanced);
    if (one == nullptr) return;
    one->first = static_cast<unsigned char>(take());
    one->last = static_cast<unsigned char>(take());
  }

  void frontier() noexcept {
    if (text_.empty() || take() != '[') {
      error_ = "missing '[' after '%f'";
      return;
    }
    const auto allowed = set();
    if (auto* one = add(kind::frontier)) one->set = allowed;
  }

  byte_set set() noexcept {
    byte_set result;
    const bool negated = !text_.empty() && text_.front() == '^';
    if (negated) text_.remove_prefix(1);
    for (bool first = true; error_ == nullptr; first = false) {
      if (text_.empty()) {
        error_ = "malformed pattern (missing ']')";
        break;
      }
      const char c = take();
      if (c == ']' && !first) break;
      if (c == '%') {
        if (text_.empty()) {
          error_ = "malformed pattern (ends with '%')";
        } else {
          result |= class_of(take());
        }
      } else if (text_.size() >= 2 && text_[0] == '-' && text_[1] != ']') {
        text_.remove_prefix(1);
        const auto last = static_cast<unsigned char>(take());
        for (unsigned i = static_cast<unsigned char>(c); i <= last; ++i) result.set(i);
      } else {
        result.set(static_cast<unsigned char>(c));
      }
    }
    return negated ? ~result : result;
  }

  void single(const byte_set& allowed) noexcept {
    auto* one = add(kind::one);
    if (one == nullptr) return;
    one->set = allowed;
    if (text_.empty()) return;
    switch (text_.front()) {
      case '?':
        one->times = repeat::maybe;
        break;
      case '*':
        one->times = repeat::many;
        break;
      case '+':
        one->times = repeat::some;
        break;
      case '-':
        one->times = repeat::few;
        break;
      default:
        return;
    }
    text_.remove_prefix(1);
  }

  lua_pattern& to_;
  std::string_view text_;
  const char* error_ = nullptr;
  std::array<unsigned char, max_captures> open_{};
  std::size_t open_count_ = 0;
  std::array<bool, max_captures> closed_{};
};

/// Goes through the items by recursion, once for each item at most: the depth is bounded by them.
class lua_pattern::matcher {
 public:
  matcher(const lua_pattern& pattern, std::string_view subject, std::int64_t& steps,
          match& found) noexcept
      : pattern_(pattern), subject_(subject), steps_(steps), found_(found) {}

  /// Where the rest of the pattern ends that starts with this item at `at`, or `none`.
  std::size_t run(std::size_t index, std::size_t at) noexcept {
    for (; index < pattern_.size_; ++index) {
      if (--steps_ < 0) return none;
      const auto& item = pattern_.items_[index];
      switch (item.what) {
        case kind::one:
          if (item.times != repeat::once) return repeated(item, index, at);
          if (!fits(item, at)) return none;
          ++at;
          break;
        case kind::open:
        case kind::place:
          found_.captures[item.first] = {at, 0, item.what == kind::place};
          break;
        case kind::close: {
          // Starts are set on the way forward, so that going back needs no undoing.
          auto& capture = found_.captures[item.first];
          const auto before = capture.size;
          capture.size = at - capture.start;
          const auto start = capture.start;
          const auto end = run(index + 1, at);
          if (end == none) capture = {start, before, false};
          return end;
        }
        default:
          at = special(item, at);
          if (at == none) return none;
      }
    }
    return at;
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

 private:
  [[nodiscard]] bool fits(const item& item, std::size_t at) const noexcept {
    return at < subject_.size() && item.set.test(static_cast<unsigned char>(subject_[at]));
  }

  std::size_t repeated(const item& item, std::size_t index, std::size_t at) noexcept {
    if (item.times == repeat::few) {
      for (;; ++at) {
        if (const auto end = run(index + 1, at); end != none) return end;
        if (steps_ < 0 || !fits(item, at)) return none;
      }
    }
    const std::size_t least = item.times == repeat::some ? 1 : 0;
    std::size_t count = 0;
    while (fits(item, at + count) && (item.times != repeat::maybe || count == 0)) ++count;
    steps_ -= static_cast<std::int64_t>(count / 4);
    for (auto left = count + 1; left > least; --left) {
      const auto end = run(index + 1, at + left - 1);
      if (end != none || steps_ < 0) return end;
    }
    return none;
  }

  std::size_t special(const item& item, std::size_t at) noexcept {
    switch (item.what) {
      case kind::again: {
        const auto& capture = found_.captures[item.first];
        const auto text = subject_.substr(capture.start, capture.size);
        steps_ -= static_cast<std::int64_t>(text.size() / 16);
        return subject_.substr(at, text.size()) == text ? at + text.size() : none;
      }
      case kind::balanced:
        return balanced(item, at);
      case kind::frontier: {
        const auto before = at == 0 ? 0U : static_cast<unsigned char>(subject_[at - 1]);
        const auto after = at == subject_.size() ? 0U : static_cast<unsigned char>(subject_[at]);
        return !item.set.test(before) && item.set.test(after) ? at : none;
      }
      default:  // finish
        return at == subject_.size() ? at : none;
    }
  }

  std::size_t balanced(const item& item, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(subject_[i]); };
    if (at >= subject_.size() || byte(at) != item.first) return none;
    std::size_t depth = 1;
    for (auto i = at + 1; i < subject_.size(); ++i) {
      if (--steps_ < 0) return none;
      if (byte(i) == item.last) {
        if (--depth == 0) return i + 1;
      } else if (byte(i) == item.first) {
        ++depth;
      }
    }
    return none;
  }

  const lua_pattern& pattern_;
  std::string_view subject_;
  std::int64_t& steps_;
  match& found_;
};

const char* lua_pattern::compile(std::string_view text, bool anchors) noexcept {
  size_ = 0;
  captures_ = 0;
  anchored_ = anchors && !text.empty() && text.front() == '^';
  if (anchored_) text.remove_prefix(1);
  return compiler{*this, text}.run();
}

lua_pattern::outcome lua_pattern::find(std::string_view subject, std::size_t from,
                                       std::int64_t& steps, match& found) const noexcept {
  for (auto start = from; start <= subject.size(); ++start) {
    matcher one{*this, subject, steps, found};
    const auto end = one.run(0, start);
    if (steps < 0) return outcome::out_of_steps;
    if (end != matcher::none) {
      found.start = start;
      found.end = end;
      found.count = captures_;
      return outcome::found;
    }
    if (anchored_) break;
  }
  return outcome::none;
}

}  // namespace mcp::cluster
