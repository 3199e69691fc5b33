#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// The words of a question in order. A quoted or back-ticked string is one word with its marks;
/// `,` `;` `?` `!` `:` and a full stop that ends a sentence are words of their own. A typographic
/// apostrophe becomes a plain one.
using word_list = std::vector<std::string>;

word_list split_words(std::string_view text);

/// Joins words with blanks, none before punctuation.
std::string join_words(std::span<const std::string> words);

// Closed classes of English words, asked with a word in any case. The lists are short on purpose:
// a missed word costs a less elegant sub-question, not a wrong answer.

bool is_question_word(std::string_view word);  ///< what, why, how, who, when, where, which
bool is_auxiliary(std::string_view word);      ///< is, does, can, should
bool is_determiner(std::string_view word);     ///< the, a, an, my
bool is_pronoun(std::string_view word);        ///< it, they, them; not "this", which may determine
bool is_possessive(std::string_view word);     ///< its, their
bool is_preposition(std::string_view word);    ///< of, in, with; also when, if, after
bool is_common_verb(std::string_view word);    ///< keep, works, happened
bool is_command(std::string_view word);        ///< explain, describe, compare, list
bool is_person(std::string_view word);         ///< I, you, we, someone: who acts, never the subject
bool is_adverb(std::string_view word);         ///< also, always, really, quickly
bool is_connective(std::string_view word);     ///< and, or, but, a comma

/// The verb that `word` is a form of, as "work" for "works"; empty when it is no common verb.
std::string_view base_verb(std::string_view word);

/// The word at `at` in lower case; empty beyond the end.
std::string lower_at(std::span<const std::string> words, std::size_t at);

/// The words from `from` up to `to`, or to the end.
word_list slice(std::span<const std::string> words, std::size_t from,
                std::size_t to = std::string_view::npos);

/// Where the first of the lower-case words `any` stands from `from` on; their number when nowhere.
std::size_t find_word(std::span<const std::string> words,
                      std::initializer_list<std::string_view> any, std::size_t from = 0);

/// Splits "A, B and C" into its members. One member when there is no list. A member keeps its
/// words.
std::vector<word_list> split_list(std::span<const std::string> words);

}  // namespace mcp::documents
