#include "ambiguity.hpp"

#include "markdown.hpp"
#include "tokens.hpp"
#include "utf8.hpp"
#include "words.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace mcp::documents {
namespace {

constexpr std::size_t max_option_bytes = 80;
constexpr std::size_t max_key_terms = 3;  // a longer question tells senses apart by itself
constexpr std::size_t max_senses = 12;

using weights = std::map<std::string, double>;

/// What one document means by a term: the words of the sections headed by it.
struct sense {
  std::string path;
  std::string heading;
  weights words;
};

double cosine(const weights& a, const weights& b) {
  double dot = 0.0;
  double square_a = 0.0;
  double square_b = 0.0;
  for (const auto& [word, weight] : a) {
    square_a += weight * weight;
    if (const auto it = b.find(word); it != b.end()) dot += weight * it->second;
  }
  for (const auto& [word, weight] : b) square_b += weight * weight;
  return square_a > 0.0 && square_b > 0.0 ? dot / std::sqrt(square_a * square_b) : 0.0;
}

bool has_term(const std::string& text, const std::string& term) {
  const std::vector<token> words = tokenize(text);
  return std::any_of(words.begin(), words.end(),
                     [&term](const token& t) { return t.term == term; });
}

/// The outermost heading with the term, or nothing.
const std::string* heading_with(const passage& p, const std::string& term) {
  const auto it = std::find_if(p.headings.begin(), p.headings.end(),
                               [&term](const std::string& h) { return has_term(h, term); });
  return it == p.headings.end() ? nullptr : &*it;
}

std::vector<sense> senses_of(const std::string& term, const question& asked,
                             const bm25_index& index, const ambiguity_options& options) {
  std::map<std::string, sense> by_path;
  for (const hit& h : index.search({{{term, 1.0}}, {}, {}}, options.max_passages)) {
    const passage& p = index.passages()[static_cast<std::size_t>(h.passage)];
    const std::string* heading = heading_with(p, term);
    if (heading == nullptr) continue;
    sense& s = by_path[p.path];
    if (s.path.empty()) s = {p.path, *heading, {}};
    for (const std::string& word : index.terms_of(h.passage)) {
      const bool in_question =
          std::find(asked.terms.begin(), asked.terms.end(), word) != asked.terms.end();
      // The question's own words are kept apart: weight 0 only tells that they occur.
      s.words[word] = in_question ? 0.0 : index.idf(word);
    }
  }
  std::vector<sense> out;
  for (auto& [path, s] : by_path) {
    const bool enough = std::cmp_greater_equal(s.words.size(), options.min_section_terms);
    if (enough && out.size() < max_senses) out.push_back(std::move(s));
  }
  return out;
}

/// Keeps the senses that fit the rest of the question best.
void keep_fitting(std::vector<sense>& senses, const std::vector<std::string>& others) {
  const auto fit = [&others](const sense& s) {
    return std::count_if(others.begin(), others.end(),
                         [&s](const std::string& term) { return s.words.contains(term); });
  };
  std::ptrdiff_t best = 0;
  for (const sense& s : senses) best = std::max(best, fit(s));
  std::erase_if(senses, [&](const sense& s) { return fit(s) < best; });
}

/// One sense for each group of senses that talk about the same.
std::vector<sense> distinct(std::vector<sense> senses, double max_overlap) {
  std::vector<sense> out;
  for (sense& s : senses) {
    const bool same = std::any_of(out.begin(), out.end(), [&](const sense& other) {
      return cosine(s.words, other.words) > max_overlap;
    });
    if (!same) out.push_back(std::move(s));
  }
  return out;
}

void add_option(clarification& c, const std::string& title, const std::string& path) {
  const std::string cut = cut_utf8(title, max_option_bytes);
  c.options.push_back(path.empty() ? cut : cut + " (" + path + ")");
  c.option_paths.push_back(path);
}

/// The titles under which the folder has the most text.
void add_topics(clarification& c, const bm25_index& index, const ambiguity_options& options) {
  std::map<std::pair<std::string, std::string>, int> passages;
  for (const passage& p : index.passages()) {
    if (!p.headings.empty()) ++passages[{p.headings.front(), p.path}];
  }
  std::vector<std::pair<int, std::pair<std::string, std::string>>> ranked;
  for (const auto& [title, count] : passages) ranked.emplace_back(-count, title);
  std::sort(ranked.begin(), ranked.end());
  for (const auto& [count, title] : ranked) {
    if (std::cmp_less(c.options.size(), options.max_options)) {
      add_option(c, title.first, title.second);
    }
  }
}

clarification ask_for_subject(const question& asked, const bm25_index& index,
                              const ambiguity_options& options) {
  clarification c;
  c.needed = true;
  const std::string pronoun = pronoun_in(asked);
  if (asked.terms.empty() && pronoun.empty()) {
    c.question = "What would you like to know about?";
    c.reason = "the question has no word to search for";
  } else if (!pronoun.empty()) {
    c.question = "What does \"" + pronoun + "\" stand for?";
    c.reason = "\"" + pronoun + "\" has nothing to refer to";
  } else {
    c.question = "Of what? \"" + asked.text + "\" names no subject.";
    c.reason = "the question names no subject";
  }
  add_topics(c, index, options);
  return c;
}

}  // namespace

std::string pronoun_in(const question& asked) {
  for (const std::string& word : split_words(asked.text)) {
    if (is_pronoun(word) || is_possessive(word)) return to_lower(word);
    const std::string lower = to_lower(word);
    if (lower == "this" || lower == "that" || lower == "these" || lower == "those") return lower;
  }
  return {};
}

clarification find_ambiguity(const question& asked, const bm25_index& index,
                             const ambiguity_options& options) {
  if (asked.clarified) return {};
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < asked.terms.size(); ++i) {
    if (!is_type_word(asked.words[i]) && !is_weak_word(asked.words[i])) {
      keys.push_back(asked.terms[i]);
    }
  }
  if (keys.empty()) return ask_for_subject(asked, index, options);
  if (keys.size() > max_key_terms) return {};
  for (const std::string& term : keys) {
    std::vector<sense> senses = senses_of(term, asked, index, options);
    std::vector<std::string> others = keys;
    std::erase(others, term);
    keep_fitting(senses, others);
    senses = distinct(std::move(senses), options.max_overlap);
    if (senses.size() < 2) continue;
    clarification c;
    c.needed = true;
    const auto at = std::find(asked.terms.begin(), asked.terms.end(), term) - asked.terms.begin();
    const std::string& word = asked.words[static_cast<std::size_t>(at)];
    c.question = "Which \"" + word + "\" do you mean?";
    c.reason = "\"" + word + "\" heads sections about different subjects";
    for (const sense& s : senses) {
      if (std::cmp_less(c.options.size(), options.max_options)) add_option(c, s.heading, s.path);
    }
    return c;
  }
  return {};
}

}  // namespace mcp::documents
