#include "script/template.hpp"

#include "mcp/error.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace mcp::cluster {
namespace {

constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";

/// Where the expression at `from` ends: the first "}}" that leaves its braces and quotes closed.
std::size_t end_of(std::string_view text, std::size_t from) {
  int depth = 0;
  char quote = '\0';
  for (auto i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = '\0';
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}') {
      if (depth == 0) return text.substr(i).starts_with(closing) ? i : std::string_view::npos;
      --depth;
    }
  }
  return std::string_view::npos;
}

int lines_in(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

text_template::text_template(const script_source& source) {
  const std::string_view text = source.text;
  texts_.clear();
  std::size_t at = 0;
  for (;;) {
    const auto start = text.find(opening, at);
    if (start == std::string_view::npos) break;
    const int line = source.line + lines_in(text.substr(0, start));
    const auto first = start + opening.size();
    const auto last = end_of(text, first);
    if (last == std::string_view::npos) {
      throw script_problem{line, "the expression after \"{{\" is not closed by \"}}\""};
    }
    if (expressions_.size() == max_template_expressions) {
      throw script_problem{line, "a template has at most " +
                                     std::to_string(max_template_expressions) + " expressions"};
    }
    texts_.emplace_back(text.substr(at, start - at));
    expressions_.emplace_back(
        script_source{source.file, line, std::string{text.substr(first, last - first)}},
        compiled_script::form::expression);
    at = last + closing.size();
  }
  texts_.emplace_back(text.substr(at));
}

std::string text_template::render(sandbox& box) const {
  auto result = texts_.front();
  for (std::size_t i = 0; i < expressions_.size(); ++i) {
    result += shown(box.call(expressions_[i]));
    result += texts_[i + 1];
    if (result.size() > max_template_result) {
      throw error{errc::too_large, "a template made more than " +
                                       std::to_string(max_template_result) + " bytes of text"};
    }
  }
  return result;
}

}  // namespace mcp::cluster
