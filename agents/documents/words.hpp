#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// The words of a question in order. A quoted or back-ticked string is one word with its marks;
/// `,` `;` `?` `!` `:` and a full stop that ends a sentence are words of their own.
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

/// Splits "A, B and C" into its members. One member when there is no list. A member keeps its
/// words.
std::vector<word_list> split_list(std::span<const std::string> words);

}  // namespace mcp::documents
