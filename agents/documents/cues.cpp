#include "extract.hpp"
#include "markdown.hpp"
#include "tokens.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace mcp::documents {
namespace {

using cue_list = std::span<const std::string_view>;

constexpr auto how_cues = std::to_array<std::string_view>(
    {" by ", " via ", " through ", " using ", " when ", " then ", " first ", " each ", " every ",
     " so that ", " writes ", " uses ", " calls ", " sends ", " stores ", " one "});
constexpr auto why_cues = std::to_array<std::string_view>(
    {" because ", " since ", " so that ", " therefore ", " reason ", " to avoid ", " otherwise ",
     " due to ", " in order to ", " hence ", " that is why ", " why "});
constexpr auto limit_cues = std::to_array<std::string_view>(
    {" not ",     " never ",     " only ",    " cannot ",  " no ",     " at most ",
     " must ",    " limit ",     " limits ",  " without ", " fails ",  " fail ",
     " loses ",   " lost ",      " unless ",  " hangs ",   " blocks ", " crashes ",
     " bounded ", " unbounded ", " nothing ", " none ",    " warning "});
constexpr auto compare_cues = std::to_array<std::string_view>(
    {" than ", " whereas ", " while ", " but ", " unlike ", " instead ", " both ", " versus ",
     " rather ", " in contrast ", " however "});
constexpr auto when_cues = std::to_array<std::string_view>(
    {" when ", " after ", " before ", " until ", " once ", " while ", " during ", " as soon "});
constexpr auto where_cues = std::to_array<std::string_view>(
    {" in ", " at ", " under ", " inside ", " folder ", " file ", " directory ", " on "});

/// Lower case, marks as blanks, blanks at both ends: every word stands between blanks.
std::string spaced(std::string_view text) {
  std::string out = " ";
  for (const char c : to_lower(text)) {
    const bool mark = std::string_view(".,;:!?()[]*`\"\n").find(c) != std::string_view::npos;
    if (!mark) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out + ' ';
}

double count_cues(const std::string& text, cue_list cues, double worth) {
  const auto found = std::count_if(cues.begin(), cues.end(), [&text](std::string_view cue) {
    return text.find(cue) != std::string::npos;
  });
  return std::min(1.0, worth * static_cast<double>(found));
}

bool begins_noun(std::string_view word) {
  static constexpr auto starts = std::to_array<std::string_view>(
      {"a", "an", "the", "one", "any", "each", "how", "what", "where", "our", "its", "another"});
  return std::find(starts.begin(), starts.end(), word) != starts.end();
}

/// Where the defined term stands in a sentence and what follows it.
double definition_score(std::string_view text, const std::vector<std::string>& terms) {
  const std::vector<token> words = tokenize(text);
  const auto is_term = [&terms](const token& t) {
    return std::find(terms.begin(), terms.end(), t.term) != terms.end();
  };
  std::size_t last = words.size();
  for (std::size_t i = 0; i < words.size() && i < 6 + terms.size(); ++i) {
    if (!words[i].part && is_term(words[i]))
      last = i;
    else if (last < words.size() && !words[i].part)
      break;
  }
  if (last == words.size()) return 0.0;
  const auto before = static_cast<std::size_t>(std::count_if(
      words.begin(), words.begin() + static_cast<std::ptrdiff_t>(last),
      [&](const token& t) { return !t.part && !is_term(t) && !is_stop_word(t.word); }));
  const auto word_at = [&words](std::size_t at) {
    return at < words.size() ? words[at].word : std::string();
  };
  const std::string next = word_at(last + 1);
  const std::size_t end = words[last].end;
  const std::string_view after = trim(text.substr(end, 6));
  const bool to_be = next == "is" || next == "are";
  const bool verb = to_be || next == "means" || next == "denotes" || next == "describes";
  const bool sign = after.find(':') != std::string_view::npos ||
                    after.find('=') != std::string_view::npos ||
                    after.find("\xE2\x80\x94") != std::string_view::npos ||
                    after.find("\xC2\xB7") != std::string_view::npos || after.starts_with("- ") ||
                    after.find("** - ") != std::string_view::npos;
  const double place = before == 0 ? 1.0 : before <= 1 ? 0.6 : 0.3;
  // "A log is a file" defines, "a log is written" tells what happens to it.
  if (to_be) return place * (begins_noun(word_at(last + 2)) ? 1.0 : 0.45);
  if (verb || sign) return place;
  return after.starts_with('(') || after.starts_with("` (") ? 0.6 * place : 0.25 * place;
}

bool has_digit(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos;
}

double list_score(std::string_view text) {
  const auto separators =
      std::count_if(text.begin(), text.end(), [](char c) { return c == ',' || c == ';'; });
  return std::min(1.0, 0.25 * static_cast<double>(separators));
}

}  // namespace

double cue_score(std::string_view type, std::string_view text,
                 const std::vector<std::string>& terms) {
  const std::string words = spaced(text);
  if (type == question_type::definition || type == question_type::topic) {
    return definition_score(text, terms);
  }
  if (type == question_type::how) return count_cues(words, how_cues, 0.35);
  if (type == question_type::why) return count_cues(words, why_cues, 0.7);
  if (type == question_type::limits) return count_cues(words, limit_cues, 0.35);
  if (type == question_type::compare) return count_cues(words, compare_cues, 0.5);
  if (type == question_type::when) {
    return std::max(count_cues(words, when_cues, 0.6), has_digit(text) ? 0.5 : 0.0);
  }
  if (type == question_type::where) return count_cues(words, where_cues, 0.35);
  if (type == question_type::how_many) return has_digit(text) ? 1.0 : 0.0;
  if (type == question_type::list) return list_score(text);
  return 0.0;
}

}  // namespace mcp::documents
