#pragma once

#include "corpus.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// The values of `passage::kind`.
namespace passage_kind {
inline constexpr std::string_view paragraph = "paragraph";
inline constexpr std::string_view item = "item";  ///< a list item without its nested items
inline constexpr std::string_view row = "row";    ///< a table row, cells joined
inline constexpr std::string_view code = "code";  ///< a fenced or indented block, kept whole
}  // namespace passage_kind

/// A piece of a document that is found and quoted as one.
struct passage {
  std::string path;
  int first_line = 1;  ///< 1-based, inclusive
  int last_line = 1;
  std::string kind;
  std::vector<std::string> headings;  ///< from the outermost to the innermost, plain text
  std::string context;  ///< of an item: the line that introduces the list; of a row: the table's
                        ///< header; of code: the language
  std::string text;     ///< one line per document line, without list and quote marks
};

struct passage_limits {
  std::size_t max_passage_bytes = 8'000;  ///< a longer block is split between lines
  std::size_t max_context_bytes = 200;    ///< longer headings and contexts are cut
  int max_passages = 200'000;             ///< over all documents
};

/// Splits one document, in order. Linear in its size. Headings, rules, front matter, comments and
/// lines that hold only an image or a link into the page are no passages. A fence that is never
/// closed makes code of the rest of the document, as in CommonMark. A single line longer than
/// `max_passage_bytes` is one passage. Stops when there are more than `max_passages`.
std::vector<passage> split_document(const document& doc, const passage_limits& limits = {});

struct passage_list {
  std::vector<passage> passages;  ///< in the order of the documents, then of the lines
  std::vector<std::string> warnings;
};

/// Splits every document of the corpus. Documents beyond `max_passages` are left out with a
/// warning.
passage_list split_corpus(const corpus& texts, const passage_limits& limits = {});

}  // namespace mcp::documents
