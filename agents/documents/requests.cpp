#include "requests.hpp"

#include "subject.hpp"
#include "utf8.hpp"
#include "word_order.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace mcp::documents {
namespace {

/// Whether `word` is one of `list`, whose words are separated by blanks.
bool among(const std::string& word, std::string_view list) {
  for (std::size_t at = list.find(word); !word.empty() && at != std::string_view::npos;
       at = list.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || list[at - 1] == ' ';
    if (begins && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

constexpr std::string_view greetings =
    "hi hello hey dear thanks ok okay so well now please kindly also then and but - * \xE2\x80\xA2 "
    ", :";
constexpr std::string_view explaining =
    "tell explain describe show give teach define discuss summarize summarise outline clarify "
    "present walk";
constexpr std::string_view listing = "list enumerate name";
constexpr std::string_view recipients = "me us please again";
constexpr std::string_view knowing = "know understand learn hear see read ask get";
constexpr std::string_view abouts = "about on regarding concerning";
constexpr std::string_view measures =
    "a an the some more any all brief short quick detailed general further full complete little "
    "good";
constexpr std::string_view accounts =
    "overview summary description explanation introduction information info details idea bit "
    "definition list rundown account picture lot";

/// Reads a clause from its start and drops what belongs to the request.
class request_reader {
 public:
  explicit request_reader(word_list clause) : words_(std::move(clause)) {}

  word_list question() {
    while (among(now(), greetings) || is_bullet()) ++at_;
    const std::size_t start = at_;
    while (read_wish() || read_verb() || read_known_phrase()) {
      while (among(now(), "please , :")) ++at_;
    }
    read_account();
    if (at_ >= words_.size()) return goal_ || said_ ? slice(words_, start) : word_list();
    word_list rest = slice(words_, at_);
    if (is_question_word(rest[0]) || now() == "if" || now() == "whether") {
      return said_ || is_question_word(rest[0]) ? direct_question(std::move(rest)) : rest;
    }
    if (goal_) return with_start({"how", "to"}, rest);
    if (list_) return with_start({"list"}, rest);
    if (!said_ || is_auxiliary(rest[0]) || is_command(rest[0])) return rest;
    const bool them = rest.size() == 1 && among(now(), "them they these those");
    return with_start({"what", them || is_plural(rest) ? "are" : "is"}, rest);
  }

 private:
  [[nodiscard]] std::string now(std::size_t ahead = 0) const {
    return lower_at(words_, at_ + ahead);
  }

  [[nodiscard]] bool is_bullet() const {
    const std::string word = now();
    const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
    return digits > 0 && word.substr(digits) == ")";
  }

  static word_list with_start(std::initializer_list<std::string> start, const word_list& rest) {
    word_list out(start);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
  }

  /// The phrase, when it is next, is read.
  bool read(std::string_view phrase) {
    const word_list wanted = split_words(phrase);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (now(i) != wanted[i]) return false;
    }
    at_ += wanted.size();
    return true;
  }

  /// "I would like to know", "I need", "we are looking for", "I want to delete".
  bool read_wish() {
    const std::size_t start = at_;
    if (now() != "i" && now() != "we") return false;
    ++at_;
    while (among(now(), "would really just am are do")) ++at_;
    if (among(now(), "want like love need wish have try trying") && now(1) == "to") {
      at_ += 2;
      said_ = true;
      if (among(now(), knowing)) {
        ++at_;
        static_cast<void>(read("more"));
        if (among(now(), abouts)) ++at_;
      } else {
        goal_ = true;
      }
      return true;
    }
    for (const std::string_view phrase :
         {"wonder about", "wonder", "wondering about", "wondering", "curious about", "curious",
          "interested in", "looking for", "want", "need", "don't know", "don't understand"}) {
      if (read(phrase)) return said_ = true;
    }
    at_ = start;
    return false;
  }

  /// "can you tell me about", "list", "help me".
  bool read_verb() {
    const std::size_t start = at_;
    const bool asks_you = among(now(), "can could would will") && now(1) == "you";
    if (asks_you) at_ += 2;
    while (asks_you && among(now(), "please kindly just quickly briefly")) ++at_;
    const std::string verb = now();
    if (verb == "help" && (now(1) == "me" || now(1) == "us")) {
      at_ += 2;
      static_cast<void>(read("to"));
      said_ = true;
      if (!read("with")) goal_ = !among(now(), knowing);
      if (among(now(), knowing)) ++at_;
      return true;
    }
    if (among(verb, explaining) || among(verb, listing)) {
      ++at_;
      if (now() == "to" && (now(1) == "me" || now(1) == "us")) ++at_;
      while (among(now(), recipients)) ++at_;
      if (verb == "walk") static_cast<void>(read("through"));
      if (among(now(), abouts) && at_ + 1 < words_.size()) ++at_;
      list_ = among(verb, listing);
      return said_ = true;
    }
    at_ = start;
    return false;
  }

  bool read_known_phrase() {
    for (const std::string_view phrase :
         {"what about", "how about", "what do you know about", "what can you tell me about",
          "what can you tell us about", "what can you say about", "let us talk about", "talk about",
          "look up", "search for", "do you know about", "do you know anything about", "may i ask",
          "can i ask", "could i ask"}) {
      if (read(phrase)) return said_ = true;
    }
    const bool known = now() == "do" && now(1) == "you" && now(2) == "know" &&
                       at_ + 3 < words_.size() &&
                       (is_question_word(words_[at_ + 3]) || among(now(3), "if whether"));
    if (known) at_ += 3;
    return known && (said_ = true);
  }

  /// "an overview of", "everything about", "a list of".
  void read_account() {
    std::size_t end = at_;
    while (among(lower_at(words_, end), measures)) ++end;
    const std::string noun = lower_at(words_, end);
    const bool everything = among(noun, "everything something anything");
    const bool more = end > at_ && among(lower_at(words_, end - 1), "all more");
    if (everything || among(noun, accounts)) {
      ++end;
    } else if (!more) {
      return;
    }
    const std::string link = lower_at(words_, end);
    if (!among(link, abouts) && !(link == "of" && !everything && !more) &&
        !(link == "to" && noun == "introduction")) {
      return;
    }
    if (end + 1 >= words_.size()) return;
    // "the limits of" stays: only what means no more than "about" is dropped.
    at_ = end + 1;
    said_ = true;
    list_ = list_ || noun == "list";
  }

  word_list words_;
  std::size_t at_ = 0;
  bool said_ = false;  ///< something was asked for
  bool goal_ = false;  ///< what follows is to be done
  bool list_ = false;
};

}  // namespace

word_list without_contractions(std::span<const std::string> words) {
  static constexpr auto ends = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"'m", "am"}, {"'d", "would"}, {"'re", "are"}, {"'ve", "have"}, {"'ll", "will"}});
  word_list out;
  for (const std::string& word : words) {
    const std::string lower = to_lower(word);
    const std::size_t mark = lower.find('\'');
    const std::string stem = lower.substr(0, mark);
    const bool is = lower.ends_with("'s") && (is_question_word(stem) || is_pronoun(stem) ||
                                              stem == "that" || stem == "there");
    const auto* const end = std::find_if(ends.begin(), ends.end(), [&](const auto& one) {
      return mark != std::string::npos && lower.substr(mark) == one.first;
    });
    if (mark == std::string::npos || (!is && end == ends.end() && lower != "let's")) {
      out.push_back(word);
      continue;
    }
    out.push_back(word.substr(0, mark));
    out.emplace_back(lower == "let's" ? "us" : is ? "is" : end->second);
  }
  return out;
}

word_list plain_question(word_list clause) {
  return request_reader(std::move(clause)).question();
}

}  // namespace mcp::documents
