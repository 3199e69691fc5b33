#include "markdown.hpp"

#include <algorithm>

namespace mcp::documents {
namespace {

constexpr std::string_view blanks = " \t";

bool consists_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string_view strip_quote(std::string_view line) {
  std::string_view rest = trim(line);
  while (!rest.empty() && rest.front() == '>') rest = trim(rest.substr(1));
  return rest;
}

int indentation(std::string_view line) {
  int column = 0;
  for (const char c : line) {
    if (c == ' ') {
      ++column;
    } else if (c == '\t') {
      column += 4 - column % 4;
    } else {
      break;
    }
  }
  return column;
}

heading_line parse_heading(std::string_view line) {
  if (indentation(line) > 3) return {};
  std::string_view text = trim(line);
  const std::size_t marks = std::min(text.find_first_not_of('#'), text.size());
  if (marks == 0 || marks > 6) return {};
  text.remove_prefix(marks);
  if (!text.empty() && blanks.find(text.front()) == std::string_view::npos) return {};
  text = trim(text);
  const std::size_t last = text.find_last_not_of('#');
  if (last == std::string_view::npos) {
    text = {};
  } else if (last + 1 < text.size() && blanks.find(text[last]) != std::string_view::npos) {
    text = trim(text.substr(0, last));  // the closing marks of "## Title ##"
  }
  return {static_cast<int>(marks), plain_text(text)};
}

fence_line parse_fence(std::string_view line) {
  const std::string_view text = strip_quote(line);
  if (text.empty() || (text.front() != '`' && text.front() != '~')) return {};
  const char mark = text.front();
  const std::size_t length = std::min(text.find_first_not_of(mark), text.size());
  const std::string_view info = trim(text.substr(length));
  if (length < 3 || (mark == '`' && info.find('`') != std::string_view::npos)) return {};
  return {mark, length, std::string(info)};
}

std::size_t list_marker(std::string_view line) {
  if (line.empty()) return 0;
  std::size_t marker = 0;
  if (line.front() == '-' || line.front() == '*' || line.front() == '+') {
    marker = 1;
  } else {
    constexpr std::size_t max_digits = 3;  // "1998. A good year" is a sentence
    const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
    const bool dotted = digits < line.size() && (line[digits] == '.' || line[digits] == ')');
    if (digits > 0 && digits <= max_digits && dotted) marker = digits + 1;
  }
  if (marker == 0 || marker >= line.size()) return 0;
  const std::size_t text = line.find_first_not_of(blanks, marker);
  return text == marker || text == std::string_view::npos ? 0 : text;
}

bool is_rule(std::string_view line) {
  const std::string_view text = trim(line);
  if (text.size() < 3) return false;
  const char mark = text.front();
  if (mark != '-' && mark != '*' && mark != '_') return false;
  return consists_of(text, std::string{mark, ' ', '\t'}) &&
         std::count(text.begin(), text.end(), mark) >= 3;
}

int underline_level(std::string_view line) {
  const std::string_view text = trim(line);
  if (text.size() < 2 || indentation(line) > 3) return 0;
  if (consists_of(text, "=")) return 1;
  return consists_of(text, "-") ? 2 : 0;
}

bool is_table_delimiter(std::string_view line) {
  const std::string_view text = trim(line);
  return text.find('-') != std::string_view::npos && text.find('|') != std::string_view::npos &&
         consists_of(text, "|-: \t");
}

std::vector<std::string> table_cells(std::string_view line) {
  std::vector<std::string> cells;
  std::string cell;
  bool code = false;
  const auto finish = [&] {
    if (const std::string_view text = trim(cell); !text.empty()) cells.emplace_back(text);
    cell.clear();
  };
  const std::string_view text = trim(line);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '`') code = !code;
    const bool escaped = text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '|';
    if (escaped) {
      cell += '|';
      ++i;
    } else if (text[i] == '|' && !code) {
      finish();
    } else {
      cell += text[i];
    }
  }
  finish();
  return cells;
}

std::string plain_text(std::string_view markdown) {
  std::string out;
  std::vector<std::size_t> open;  // brackets in `out` that may begin a link
  const std::size_t last_close = markdown.rfind(')');
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    const char c = markdown[i];
    const bool link_end = c == ']' && !open.empty() && last_close != std::string_view::npos &&
                          i < last_close && markdown[i + 1] == '(';
    if (link_end) {
      out.erase(open.back(), 1);
      open.pop_back();
      i = markdown.find(')', i);
      continue;
    }
    if (c == '[') open.push_back(out.size());
    if (c != '*' && c != '`') out += c;
  }
  return std::string(trim(out));
}

std::string_view strip_block_prefix(std::string_view line) {
  const std::string_view text = strip_quote(line);
  return text.substr(list_marker(text));
}

}  // namespace mcp::documents
