#include "stem.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mcp::documents {
namespace {

constexpr std::size_t min_stem_letters = 3;

bool is_vowel(char c) {
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

bool has_vowel(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_vowel);
}

bool is_plain(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

/// True when `word` ends in `suffix` and at least `keep` letters stay without it.
bool ends(std::string_view word, std::string_view suffix, std::size_t keep = min_stem_letters) {
  return word.size() >= suffix.size() + keep && word.ends_with(suffix);
}

void drop(std::string& word, std::size_t count) {
  word.resize(word.size() - count);
}

void strip_plural(std::string& word) {
  if (ends(word, "ies", 2)) {
    drop(word, 3);
    word += 'y';
  } else if (ends(word, "sses") || ends(word, "xes", 2) || ends(word, "ches", 2) ||
             ends(word, "shes", 2) || ends(word, "zzes", 2)) {
    drop(word, 2);
  } else if (ends(word, "s") && !word.ends_with("ss") && !word.ends_with("us") &&
             !word.ends_with("is")) {
    drop(word, 1);
  }
}

/// "running" leaves "runn": the doubled consonant goes too. "ll", "ss" and "zz" belong to the word.
void undouble(std::string& word) {
  const std::size_t size = word.size();
  if (size < 3 || word[size - 1] != word[size - 2]) return;
  const char last = word.back();
  if (!is_vowel(last) && last != 'l' && last != 's' && last != 'z') word.pop_back();
}

void strip_verb_ending(std::string& word) {
  for (const std::string_view suffix : {"ing", "ed"}) {
    if (!ends(word, suffix)) continue;
    const std::string_view rest = std::string_view(word).substr(0, word.size() - suffix.size());
    if (!has_vowel(rest) || (suffix == "ed" && word.ends_with("eed"))) return;
    if (ends(word, "ied", 2)) {
      drop(word, 3);
      word += 'y';
      return;
    }
    drop(word, suffix.size());
    undouble(word);
    return;
  }
}

void strip_derivation(std::string& word) {
  struct rule {
    std::string_view suffix;
    std::string_view put;
    std::size_t keep;
  };
  static constexpr std::array<rule, 7> rules{{{"ly", "", 4},
                                              {"ness", "", 3},
                                              {"ability", "abl", 2},
                                              {"ibility", "ibl", 2},
                                              {"ization", "iz", 3},
                                              {"tion", "t", 3},
                                              {"sion", "s", 3}}};
  for (const rule& r : rules) {
    if (!ends(word, r.suffix, r.keep)) continue;
    drop(word, r.suffix.size());
    word += r.put;
    return;
  }
}

}  // namespace

std::string stem(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> irregular{
      {{"used", "use"},
       {"using", "use"},
       {"uses", "use"},
       {"written", "write"},
       {"wrote", "write"},
       {"kept", "keep"},
       {"sent", "send"},
       {"lost", "lose"},
       {"dies", "die"},
       {"dying", "die"}}};
  std::string out(word);
  for (const auto& [form, base] : irregular) {
    if (word == form) out = std::string(base);
  }
  if (out.size() <= min_stem_letters || !is_plain(out)) return out;
  strip_plural(out);
  strip_verb_ending(out);
  strip_derivation(out);
  if (ends(out, "e") && !out.ends_with("ee")) out.pop_back();
  return out;
}

}  // namespace mcp::documents
