#include "tools/expression.hpp"

#include "mcp/error.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <system_error>

namespace mcp::tools {
namespace {

struct named_function {
  std::string_view name;
  double (*call)(double);
};
constexpr std::array functions{
    named_function{"sqrt", [](double x) { return std::sqrt(x); }},
    named_function{"abs", [](double x) { return std::fabs(x); }},
    named_function{"round", [](double x) { return std::round(x); }},
    named_function{"floor", [](double x) { return std::floor(x); }},
    named_function{"ceil", [](double x) { return std::ceil(x); }},
    named_function{"exp", [](double x) { return std::exp(x); }},
    named_function{"ln", [](double x) { return std::log(x); }},
    named_function{"log10", [](double x) { return std::log10(x); }},
    named_function{"sin", [](double x) { return std::sin(x); }},
    named_function{"cos", [](double x) { return std::cos(x); }},
    named_function{"tan", [](double x) { return std::tan(x); }},
};

/// Precedence climbing over + -, then * / %, then signs, then ^ (which binds to the right).
class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  double whole() {
    const auto value = sum(0);
    if (!peek_is('\0') || at_ < text_.size()) fail("an operator or the end was expected");
    return value;
  }

 private:
  double sum(int depth) {
    if (depth > max_expression_depth) fail("nested too deep");
    auto value = product(depth);
    for (;;) {
      if (take('+')) {
        value += product(depth);
      } else if (take('-')) {
        value -= product(depth);
      } else {
        return value;
      }
    }
  }

  double product(int depth) {
    auto value = sign(depth);
    for (;;) {
      if (take('*')) {
        value *= sign(depth);
      } else if (take('/')) {
        value /= divisor(depth);
      } else if (take('%')) {
        value = std::fmod(value, divisor(depth));
      } else {
        return value;
      }
    }
  }

  double divisor(int depth) {
    const auto value = sign(depth);
    if (value == 0) fail("a division by zero");
    return value;
  }

  double sign(int depth) {
    if (depth > max_expression_depth) fail("nested too deep");
    if (take('-')) return -sign(depth + 1);
    if (take('+')) return sign(depth + 1);
    const auto base = operand(depth);
    return take('^') ? std::pow(base, sign(depth + 1)) : base;
  }

  double operand(int depth) {
    if (take('(')) return closed(sum(depth + 1));
    const auto c = next();
    if ((c >= '0' && c <= '9') || c == '.') return number();
    const auto word = name();
    if (word == "pi") return std::numbers::pi;
    if (word == "e") return std::numbers::e;
    for (const auto& one : functions) {
      if (one.name != word) continue;
      if (!take('(')) fail("'(' was expected");
      return one.call(closed(sum(depth + 1)));
    }
    fail(word.empty() ? "a number was expected" : "an unknown name");
  }

  double closed(double value) {
    if (!take(')')) fail("')' was expected");
    return value;
  }

  double number() {
    double value = 0;
    const auto* first = text_.data() + at_;
    const auto [end, problem] = std::from_chars(first, text_.data() + text_.size(), value);
    if (problem != std::errc{}) fail("not a number that can be held");
    at_ += static_cast<std::size_t>(end - first);
    return value;
  }

  std::string_view name() {
    const auto first = at_;
    while (at_ < text_.size() && ((text_[at_] >= 'a' && text_[at_] <= 'z') ||
                                  (at_ > first && text_[at_] >= '0' && text_[at_] <= '9'))) {
      ++at_;
    }
    return text_.substr(first, at_ - first);
  }

  char next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
      ++at_;
    }
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool peek_is(char c) { return next() == c; }
  bool take(char c) {
    if (!peek_is(c) || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw error{errc::invalid_tool_call, "column " + std::to_string(at_ + 1) + ": " + what};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

double evaluate(std::string_view expression) {
  if (expression.size() > max_expression_bytes) {
    throw error{errc::invalid_tool_call, "the expression has more than " +
                                             std::to_string(max_expression_bytes) + " characters"};
  }
  const auto value = parser{expression}.whole();
  if (!std::isfinite(value)) throw error{errc::tool_failed, "the result is no finite number"};
  return value;
}

std::string number_text(double value) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

}  // namespace mcp::tools
