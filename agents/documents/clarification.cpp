#include "ambiguity.hpp"
#include "markdown.hpp"
#include "subject.hpp"
#include "utf8.hpp"
#include "words.hpp"

#include <algorithm>
#include <utility>

namespace mcp::documents {
namespace {

/// What the person means: the option when a number or its text was given, else the reply itself.
struct chosen {
  std::string subject;
  std::string path;
};
chosen choose(const clarification& raised, std::string_view reply) {
  std::size_t option = raised.options.size();
  for (std::size_t i = 0; i < raised.options.size(); ++i) {
    if (std::to_string(i + 1) == reply || to_lower(raised.options[i]) == to_lower(reply))
      option = i;
  }
  if (option >= raised.options.size()) return {std::string(reply), {}};
  const std::string path = option < raised.option_paths.size() ? raised.option_paths[option] : "";
  std::string title = raised.options[option];
  const std::string suffix = " (" + path + ")";
  if (!path.empty() && title.ends_with(suffix)) title.resize(title.size() - suffix.size());
  title.resize(std::min(title.find(':'), title.size()));  // a subtitle is no part of the name
  return {title, path};
}

/// A title inside a sentence: "A cluster" begins with a small letter there. A name keeps its own,
/// for nobody knows whether "Python" is one.
std::string inside_sentence(std::string subject) {
  const word_list words = split_words(subject);
  if (words.size() > 1 && is_determiner(words[0])) subject[0] = to_lower(words[0])[0];
  return subject;
}

/// "does" and "is" before a subject in the plural.
void make_plural(std::string& verb) {
  const std::string lower = to_lower(verb);
  const char* plural = lower == "does"  ? "do"
                       : lower == "is"  ? "are"
                       : lower == "was" ? "were"
                       : lower == "has" ? "have"
                                        : nullptr;
  if (plural == nullptr) return;
  const bool capital = verb != lower;
  verb = plural;
  if (capital) verb[0] = static_cast<char>(verb[0] - 'a' + 'A');
}

std::string with_subject(const question& asked, const std::string& given) {
  if (asked.terms.empty() && pronoun_in(asked).empty()) return given;
  const std::string subject = inside_sentence(given);
  word_list out;
  bool replaced = false;
  for (const std::string& word : split_words(asked.text)) {
    const std::string lower = to_lower(word);
    const bool possessive = is_possessive(lower);
    const bool pronoun = possessive || is_pronoun(lower) || lower == "this" || lower == "that" ||
                         lower == "these" || lower == "those";
    if (!pronoun || replaced) {
      out.push_back(word);
      continue;
    }
    const bool plural = !possessive && is_plural(split_words(subject));
    if (plural && !out.empty()) make_plural(out.back());
    out.push_back(out.empty() ? given : subject);
    if (possessive) out.back() += "'s";
    replaced = true;
  }
  if (replaced) return join_words(out);
  const bool asks = !out.empty() && out.back() == "?";
  if (asks) out.pop_back();
  return join_words(out) + " of " + subject + (asks ? "?" : "");
}

std::string numbers_of(std::size_t options) {
  return options == 1 ? "1" : "a number from 1 to " + std::to_string(options);
}

}  // namespace

std::string refusal(std::string_view reply, std::size_t options) {
  const std::string_view text = trim(reply);
  const std::string_view digits =
      text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  const bool number =
      !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!number || options == 0) return {};
  for (std::size_t i = 1; i <= options; ++i) {
    if (text == std::to_string(i)) return {};
  }
  return "there is no option " + std::string(text) + ": give " + numbers_of(options) +
         ", or say in words what you mean";
}

std::string reply_schema(std::size_t options) {
  if (options == 0) return R"({"type":"string"})";
  std::string numbers;
  for (std::size_t i = 1; i <= options; ++i) {
    numbers += (i > 1 ? "|" : "") + std::to_string(i);
  }
  // Not every text of digits and signs, but those that are options.
  return R"({"type":"string","description":")" + numbers_of(options) +
         R"x(, or words","anyOf":[{"pattern":"^\\s*()x" + numbers +
         R"x()\\s*$"},{"not":{"pattern":"^\\s*[-+]?[0-9]+\\s*$"}}]})x";
}

question apply_clarification(const question& asked, const clarification& raised,
                             std::string_view reply) {
  if (const std::string why = refusal(reply, raised.options.size()); !why.empty()) {
    throw question_error(why);
  }
  question out = asked;
  const chosen choice = choose(raised, trim(reply));
  const bool names_subject = std::any_of(
      asked.words.begin(), asked.words.end(),
      [](const std::string& word) { return !is_type_word(word) && !is_weak_word(word); });
  if (!choice.subject.empty() && !(names_subject && !choice.path.empty())) {
    // A subject that is known needs only the details; one that is not has to be put in.
    const std::string text = names_subject ? asked.text + " (" + choice.subject + ")"
                                           : with_subject(asked, choice.subject);
    out = analyse(text);
    out.type = asked.terms.empty() ? out.type : asked.type;
  }
  out.focus_paths = asked.focus_paths;
  if (!choice.path.empty()) out.focus_paths.push_back(choice.path);
  out.clarified = true;
  return out;
}

question apply_clarification(const question& asked, std::string_view reply) {
  return apply_clarification(asked, {}, reply);
}

}  // namespace mcp::documents
