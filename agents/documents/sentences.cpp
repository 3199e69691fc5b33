#include "sentences.hpp"

#include "markdown.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace mcp::documents {
namespace {

constexpr std::size_t max_code_span_bytes = 200;
constexpr std::size_t max_parenthesis_bytes = 300;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/// Marks the bytes where a sentence must not end: code spans and parentheses. A mark that has no
/// partner nearby protects nothing.
std::vector<bool> protected_bytes(std::string_view text) {
  std::vector<bool> keep(text.size(), false);
  const auto protect = [&keep](std::size_t from, std::size_t to) {
    std::fill(keep.begin() + static_cast<std::ptrdiff_t>(from),
              keep.begin() + static_cast<std::ptrdiff_t>(to), true);
  };
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '`') {
      const std::string_view near = text.substr(i + 1, max_code_span_bytes);
      const std::size_t close = near.find('`');
      if (close == std::string_view::npos) continue;
      protect(i, i + close + 2);
      i += close + 1;
    } else if (text[i] == '(') {
      open.push_back(i);
    } else if (text[i] == ')' && !open.empty()) {
      const std::size_t from = open.back();
      open.pop_back();
      // The stop in "(... end.) Next" may end a sentence, so the last byte inside stays open.
      if (open.empty() && i - from <= max_parenthesis_bytes) protect(from, i - 1);
    }
  }
  return keep;
}

bool is_abbreviation(std::string_view text, std::size_t stop) {
  static constexpr auto known = std::to_array<std::string_view>(
      {"e.g",    "i.e",  "etc",  "vs",  "cf", "dr",  "mr", "mrs", "ms",  "fig", "no",
       "approx", "incl", "resp", "sec", "ch", "vol", "st", "jr",  "inc", "ltd", "al"});
  std::size_t begin = stop;
  while (begin > 0 && !is_blank(text[begin - 1]) && text[begin - 1] != '(') --begin;
  const std::string word = to_lower(text.substr(begin, stop - begin));
  const bool initial = word.size() == 1 && std::isalpha(static_cast<unsigned char>(word[0])) != 0;
  return initial || std::find(known.begin(), known.end(), word) != known.end();
}

/// One past the sentence whose stop is at `at`, closing marks included; 0 when it does not end.
std::size_t end_after(std::string_view text, std::size_t at) {
  constexpr std::size_t max_abbreviation_bytes = 12;
  constexpr std::size_t max_closing_marks = 8;
  constexpr std::string_view closing = "*_)]\"'`.!?";
  std::size_t end = at + 1;
  while (end < text.size() && end <= at + max_closing_marks &&
         closing.find(text[end]) != std::string_view::npos) {
    ++end;
  }
  if (end >= text.size()) return text.size();
  if (!is_blank(text[end])) return 0;
  std::size_t next = end;
  while (next < text.size() && is_blank(text[next])) ++next;
  if (next < text.size() && std::islower(static_cast<unsigned char>(text[next])) != 0) return 0;
  const std::size_t window = at > max_abbreviation_bytes ? at - max_abbreviation_bytes : 0;
  if (text[at] == '.' && is_abbreviation(text.substr(window, at - window), at - window)) return 0;
  return end;
}

class sentence_splitter {
 public:
  explicit sentence_splitter(const passage& source)
      : source_(source), text_(source.text), keep_(protected_bytes(source.text)) {}

  std::vector<sentence> run() {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if ((c != '.' && c != '!' && c != '?') || keep_[i]) continue;
      const std::size_t end = end_after(text_, i);
      if (end == 0) continue;
      emit(begin, end);
      begin = end;
      i = end - 1;
    }
    emit(begin, text_.size());
    return std::move(out_);
  }

 private:
  void emit(std::size_t begin, std::size_t end) {
    if (end - begin <= max_sentence_bytes) return push(begin, end);
    std::size_t from = begin;
    for (std::size_t i = begin; i < end; ++i) {
      if (text_[i] != ';' || keep_[i]) continue;
      push(from, i + 1);
      from = i + 1;
    }
    push(from, end);
  }

  void push(std::size_t begin, std::size_t end) {
    while (begin < end && is_blank(text_[begin])) ++begin;
    while (end > begin && (is_blank(text_[end - 1]) || text_[end - 1] == ';')) --end;
    if (begin >= end || end - begin > max_sentence_bytes) return;
    sentence s;
    s.first_line = line_at(begin);
    s.last_line = line_at(end - 1);
    s.follows = !out_.empty() && trim(text_.substr(pushed_, begin - pushed_)).empty();
    pushed_ = end;
    for (const char c : text_.substr(begin, end - begin)) {
      const bool blank = is_blank(c);
      if (blank && s.text.ends_with(' ')) continue;
      s.text += blank ? ' ' : c;
    }
    out_.push_back(std::move(s));
  }

  /// Calls come with rising positions, so the whole passage is scanned once.
  int line_at(std::size_t at) {
    for (; counted_ < at; ++counted_) {
      if (text_[counted_] == '\n') ++line_;
    }
    return source_.first_line + line_;
  }

  const passage& source_;
  std::string_view text_;
  std::vector<bool> keep_;
  std::vector<sentence> out_;
  std::size_t pushed_ = 0;  // end of the last sentence in `out_`
  std::size_t counted_ = 0;
  int line_ = 0;
};

}  // namespace

namespace {

/// A short row is one sentence; of a long one each cell is, or the row would read as junk.
std::vector<sentence> split_row(const passage& source) {
  constexpr std::size_t max_row_bytes = 240;
  if (source.text.size() <= max_row_bytes) {
    return {{source.text, source.first_line, source.last_line, false}};
  }
  std::vector<sentence> out;
  std::string_view rest = source.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(cell_separator), rest.size());
    if (end <= max_sentence_bytes) {
      out.push_back({std::string(rest.substr(0, end)), source.first_line, source.last_line, false});
    }
    rest.remove_prefix(std::min(end + cell_separator.size(), rest.size()));
  }
  return out;
}

}  // namespace

std::vector<sentence> split_sentences(const passage& source) {
  if (source.kind == passage_kind::code) return {};
  if (source.kind == passage_kind::row) {
    return split_row(source);
  }
  return sentence_splitter(source).run();
}

bool is_quotable(std::string_view text) {
  constexpr int min_words = 4;
  constexpr int min_words_outside_code = 3;
  constexpr std::size_t min_letter_percent = 60;
  int words = 0;
  int outside = 0;
  std::size_t letters = 0;
  std::size_t visible = 0;
  bool in_word = false;
  bool in_code = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = std::isalpha(byte) != 0 || byte >= 0x80U;
    if (c == '`') in_code = !in_code;
    if (letter && !in_word) {
      ++words;
      if (!in_code) ++outside;
    }
    in_word = letter || (in_word && (std::isdigit(byte) != 0 || c == '_' || c == '\''));
    letters += letter ? 1U : 0U;
    visible += is_blank(c) ? 0U : 1U;
  }
  const bool whole_quotes = std::count(text.begin(), text.end(), '"') % 2 == 0;
  const bool label = plain_text(text).ends_with(':');
  return words >= min_words && outside >= min_words_outside_code && outside * 3 >= words &&
         letters * 100 >= visible * min_letter_percent && !label && whole_quotes;
}

std::string balance_marks(std::string_view text) {
  std::string out(text);
  if (std::count(out.begin(), out.end(), '`') % 2 != 0) std::erase(out, '`');
  std::size_t bold = 0;
  for (std::size_t at = out.find("**"); at != std::string::npos; at = out.find("**", at + 2)) {
    ++bold;
  }
  if (bold % 2 == 0) return out;
  for (std::size_t at = out.find("**"); at != std::string::npos; at = out.find("**", at)) {
    out.erase(at, 2);
  }
  return out;
}

std::string comparable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '*' || c == '`' || c == '\\') continue;
    const bool middle_dot = text.substr(i, 2) == "\xC2\xB7";
    if (middle_dot) ++i;
    const bool blank = is_blank(c) || c == '\r' || c == '|' || middle_dot;
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace mcp::documents
