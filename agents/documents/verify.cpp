#include "compose.hpp"
#include "markdown.hpp"
#include "sentences.hpp"

#include <algorithm>
#include <set>

namespace mcp::documents {
namespace {

const document* find_document(const corpus& texts, const std::string& path) {
  const auto it = std::find_if(texts.documents.begin(), texts.documents.end(),
                               [&path](const document& d) { return d.path == path; });
  return it == texts.documents.end() ? nullptr : &*it;
}

std::string lines_of(const document& doc, const source& s, bool strip) {
  std::string out;
  for (int line = s.line; line <= s.last_line; ++line) {
    const std::string& text = doc.lines[static_cast<std::size_t>(line - 1)];
    if (!out.empty()) out += ' ';
    out += strip ? strip_block_prefix(text) : std::string_view(text);
  }
  return comparable(out);
}

/// Why the source does not hold, or nothing.
std::string problem_with(const source& s, const corpus& texts) {
  const document* doc = find_document(texts, s.path);
  if (doc == nullptr) return "the file was not read";
  const bool inside = s.line >= 1 && s.last_line >= s.line &&
                      static_cast<std::size_t>(s.last_line) <= doc->lines.size();
  if (!inside) return "the file has no such line";
  const std::string quote = comparable(s.quote);
  if (quote.empty()) return "the quote is empty";
  const bool stands = lines_of(*doc, s, true).find(quote) != std::string::npos ||
                      lines_of(*doc, s, false).find(quote) != std::string::npos;
  return stands ? std::string() : "the lines do not have the quote";
}

/// Whether the answer has the quote word for word, with its mark.
bool shows(const answer& written, const source& s) {
  const std::string mark = "[" + std::to_string(s.number) + "]";
  return written.markdown.find(s.quote + ' ' + mark) != std::string::npos ||
         (written.markdown.find(s.quote) != std::string::npos &&
          written.markdown.find('\n' + mark + '\n') != std::string::npos);
}

/// Numbers of the marks that end a line or stand before another sentence: those the writer set.
std::set<int> marks_in(const std::string& markdown) {
  constexpr std::size_t max_digits = 6;
  std::set<int> out;
  for (std::size_t at = markdown.find('['); at != std::string::npos;
       at = markdown.find('[', at + 1)) {
    const std::size_t end = markdown.find_first_not_of("0123456789", at + 1);
    const bool number = end != std::string::npos && end > at + 1 && end <= at + 1 + max_digits;
    const bool own = at > 0 && (markdown[at - 1] == ' ' || markdown[at - 1] == '\n');
    if (number && own && markdown[end] == ']') {
      out.insert(std::stoi(markdown.substr(at + 1, end - at - 1)));
    }
  }
  return out;
}

}  // namespace

verification verify(const answer& written, const corpus& texts, wording words) {
  verification result;
  const auto tell = [&result](const std::string& problem) {
    result.ok = false;
    if (result.problems.size() < max_problems) result.problems.push_back(problem);
  };
  std::set<int> known;
  for (const source& s : written.sources) {
    ++result.checked;
    const std::string name =
        "[" + std::to_string(s.number) + "] " + s.path + ":" + std::to_string(s.line);
    if (!known.insert(s.number).second) tell(name + ": the number is used twice");
    std::string problem = problem_with(s, texts);
    if (problem.empty() && words == wording::quoted && !shows(written, s)) {
      problem = "the answer does not show the quote with its mark";
    }
    if (!problem.empty()) tell(name + ": " + problem);
  }
  // A quoted text may have a bracketed number of its own.
  std::set<int> quoted;
  for (const source& s : written.sources) quoted.merge(marks_in(' ' + s.quote));
  for (const int number : marks_in(written.markdown)) {
    if (!known.contains(number) && !quoted.contains(number)) {
      tell("[" + std::to_string(number) + "]: the mark has no source");
    }
  }
  return result;
}

}  // namespace mcp::documents
