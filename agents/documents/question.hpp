#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// The values of `question::type` and `sub_question::type`.
namespace question_type {
inline constexpr std::string_view definition = "definition";  ///< what is X
inline constexpr std::string_view what = "what";
inline constexpr std::string_view why = "why";
inline constexpr std::string_view how = "how";
inline constexpr std::string_view who = "who";
inline constexpr std::string_view when = "when";
inline constexpr std::string_view where = "where";
inline constexpr std::string_view how_many = "how_many";
inline constexpr std::string_view compare = "compare";
inline constexpr std::string_view list = "list";
inline constexpr std::string_view limits = "limits";  ///< what X cannot do, its costs and dangers
inline constexpr std::string_view yes_no = "yes_no";
inline constexpr std::string_view topic = "topic";  ///< keywords, no question form
}  // namespace question_type

/// What was asked.
struct question {
  std::string text;
  std::string type;
  std::vector<std::string> words;        ///< content words as written, lower case
  std::vector<std::string> terms;        ///< their stems, one for each word
  std::vector<std::string> phrases;      ///< quoted strings, without the marks
  std::vector<std::string> focus_paths;  ///< documents a person pointed at
  bool clarified = false;                ///< a person has answered; do not ask again
};

/// A question that is too long to be meant as one.
class question_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

inline constexpr std::size_t max_question_bytes = 4'000;

/// Reads a question by patterns of English, no grammar. Throws `question_error` when it is longer
/// than `max_question_bytes`. An empty question has no terms.
question analyse(std::string_view text);

/// False for a text of marks and blanks only: nothing was asked.
bool has_word(std::string_view text);

/// The type of one clause by its first words and a few tell-tale words.
std::string type_of(std::string_view clause);

/// True for a word that names the kind of answer ("limits", "difference", "reason") rather than the
/// subject. Texts seldom use it where they give the answer, so it is no condition for evidence.
bool is_type_word(std::string_view lower_word);

/// True for a content word that says little without another one ("work", "thing").
bool is_weak_word(std::string_view lower_word);

}  // namespace mcp::documents
