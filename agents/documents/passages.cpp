#include "passages.hpp"

#include "markdown.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace mcp::documents {
namespace {

constexpr int code_indentation = 4;
constexpr std::size_t max_title_bytes = 120;  // of a title that is underlined
constexpr std::size_t max_front_matter_lines = 100;

/// A line with nothing to quote: an image, a badge, a link into the page, a link definition.
bool is_decoration(std::string_view line) {
  const std::string_view text = strip_block_prefix(line);
  if (text.starts_with("![") || text.starts_with("[![")) return text.ends_with(')');
  if (!text.starts_with('[')) return false;
  const std::size_t close = text.find(']');
  const std::string_view rest = text.substr(std::min(close, text.size() - 1) + 1);
  return rest.starts_with(": ") || (rest.starts_with("(#") && rest.find(')') == rest.size() - 1);
}

class splitter {
 public:
  splitter(const document& doc, const passage_limits& limits) : doc_(doc), limits_(limits) {}

  std::vector<passage> run() {
    const std::size_t start = front_matter_lines();
    for (at_ = start; at_ < doc_.lines.size(); ++at_) {
      if (std::cmp_greater(out_.size(), limits_.max_passages)) return std::move(out_);
      take(doc_.lines[at_]);
    }
    flush();
    return std::move(out_);
  }

 private:
  std::size_t front_matter_lines() const {
    if (doc_.lines.empty() || trim(doc_.lines[0]) != "---") return 0;
    const std::size_t end = std::min(doc_.lines.size(), max_front_matter_lines);
    for (std::size_t i = 1; i < end; ++i) {
      if (trim(doc_.lines[i]) == "---") return i + 1;
    }
    return 0;
  }

  void take(const std::string& line) {
    if (fence_.mark != '\0') return take_code(line);
    if (in_comment_) return take_comment(line);
    const std::string_view text = strip_quote(line);
    if (text.empty()) return take_blank();
    if (take_fence(line) || take_heading(line)) return;
    if (text.starts_with("<!--")) {
      flush();
      return take_comment(line);
    }
    if (is_rule(line)) return flush();
    if (is_decoration(text)) return flush();
    if (take_table(line, text) || take_indented_code(line) || take_item(line, text)) return;
    take_text(line, text);
  }

  void take_blank() {
    if (kind_ == passage_kind::code) return append("");  // indented code goes on after it
    flush();
    in_table_ = false;
    after_blank_ = true;
  }

  bool take_fence(std::string_view line) {
    const fence_line fence = parse_fence(line);
    if (fence.mark == '\0') return false;
    flush();
    fence_ = fence;
    return true;
  }

  void take_code(const std::string& line) {
    const fence_line fence = parse_fence(line);
    if (fence.mark == fence_.mark && fence.length >= fence_.length && fence.info.empty()) {
      flush();
      fence_ = {};
      return;
    }
    if (lines_ == 0) begin(passage_kind::code, fence_.info);
    append(line);
  }

  void take_comment(std::string_view line) { in_comment_ = line.find("-->") == line.npos; }

  bool take_heading(std::string_view line) {
    heading_line heading = parse_heading(line);
    const int underline = underline_level(line);
    if (heading.level == 0 && underline > 0 && kind_ == passage_kind::paragraph && lines_ == 1 &&
        text_.size() <= max_title_bytes) {
      heading = {underline, plain_text(text_)};
      discard();
    }
    if (heading.level == 0) return false;
    flush();
    const auto level = static_cast<std::size_t>(heading.level);
    headings_[level - 1] = cut_utf8(heading.text, limits_.max_context_bytes);
    for (std::size_t deeper = level; deeper < headings_.size(); ++deeper) headings_[deeper] = "";
    lead_in_.clear();
    in_list_ = in_table_ = false;
    return true;
  }

  bool take_table(std::string_view line, std::string_view text) {
    if (is_table_delimiter(text)) {
      in_table_ = true;
      flush();
      return true;
    }
    const bool is_header = at_ + 1 < doc_.lines.size() && text.find('|') != text.npos &&
                           is_table_delimiter(strip_quote(doc_.lines[at_ + 1]));
    if (!is_header && !(in_table_ && text.find('|') != text.npos) && !text.starts_with('|')) {
      in_table_ = false;
      return false;
    }
    flush();
    std::string joined;
    for (const std::string& cell : table_cells(strip_quote(line))) {
      if (!joined.empty()) joined += cell_separator;
      joined += cell;
    }
    if (is_header) {
      table_header_ = cut_utf8(plain_text(joined), limits_.max_context_bytes);
    } else if (!joined.empty()) {
      begin(passage_kind::row, in_table_ ? table_header_ : "");
      append(joined);
      flush();
    }
    return true;
  }

  bool take_indented_code(const std::string& line) {
    if (indentation(line) < code_indentation || in_list_) return false;
    if (kind_ != passage_kind::code) {
      if (lines_ > 0 || !after_blank_) return false;
      begin(passage_kind::code, "");
    }
    append(line);
    return true;
  }

  bool take_item(std::string_view line, std::string_view text) {
    const std::size_t marker = list_marker(text);
    if (marker == 0) return false;
    flush();
    // The introducing line reaches only the list that follows it at once.
    if (in_list_ && indentation(line) == 0 && lead_in_nested_) lead_in_.clear();
    begin(passage_kind::item, lead_in_);
    append(text.substr(marker));
    in_list_ = true;
    return true;
  }

  void take_text(std::string_view line, std::string_view text) {
    if (kind_ == passage_kind::code) flush();
    if (lines_ == 0) {
      in_list_ = in_list_ && indentation(line) > 0;
      if (!in_list_) lead_in_.clear();
      begin(in_list_ ? passage_kind::item : passage_kind::paragraph, lead_in_);
    }
    append(text);
  }

  void begin(std::string_view kind, std::string_view context) {
    kind_ = kind;
    context_ = context;
    first_line_ = static_cast<int>(at_) + 1;
    after_blank_ = false;
  }

  void append(std::string_view line) {
    if (lines_ > 0 && text_.size() + 1 + line.size() > limits_.max_passage_bytes) {
      const std::string kind(kind_);
      const std::string context = context_;
      flush();
      begin(kind == passage_kind::code   ? passage_kind::code
            : kind == passage_kind::item ? passage_kind::item
                                         : passage_kind::paragraph,
            context);
    }
    if (lines_++ > 0) text_ += '\n';
    text_ += line;
  }

  void flush() {
    if (!trim(text_).empty()) {
      // Indented code collects the blank lines after it.
      while (text_.ends_with('\n')) {
        text_.pop_back();
        --lines_;
      }
      if (introduces_list()) {
        lead_in_nested_ = kind_ == passage_kind::item;
        lead_in_ = cut_utf8(text_, limits_.max_context_bytes);
        std::replace(lead_in_.begin(), lead_in_.end(), '\n', ' ');
      }
      passage p;
      p.path = doc_.path;
      p.first_line = first_line_;
      p.last_line = first_line_ + lines_ - 1;
      p.kind = kind_;
      std::copy_if(headings_.begin(), headings_.end(), std::back_inserter(p.headings),
                   [](const std::string& heading) { return !heading.empty(); });
      p.context = cut_utf8(context_, limits_.max_context_bytes);
      p.text = text_;
      out_.push_back(std::move(p));
    }
    discard();
  }

  /// Ends in a colon, possibly inside emphasis: "**Rules:**".
  bool introduces_list() const {
    const std::size_t last = text_.find_last_not_of('*');
    return kind_ != passage_kind::code && last != std::string::npos && text_[last] == ':';
  }

  void discard() {
    text_.clear();
    lines_ = 0;
    kind_ = {};
  }

  const document& doc_;
  const passage_limits& limits_;
  std::vector<passage> out_;
  std::size_t at_ = 0;
  std::array<std::string, 6> headings_;

  // The block being collected.
  std::string_view kind_;
  std::string context_;
  std::string text_;
  int first_line_ = 1;
  int lines_ = 0;

  // Where the line stands.
  fence_line fence_;
  std::string lead_in_;
  std::string table_header_;
  bool lead_in_nested_ = false;
  bool in_comment_ = false;
  bool in_list_ = false;
  bool in_table_ = false;
  bool after_blank_ = true;
};

}  // namespace

std::vector<passage> split_document(const document& doc, const passage_limits& limits) {
  return splitter(doc, limits).run();
}

passage_list split_corpus(const corpus& texts, const passage_limits& limits) {
  passage_list result;
  for (std::size_t i = 0; i < texts.documents.size(); ++i) {
    std::vector<passage> more = split_document(texts.documents[i], limits);
    if (std::cmp_greater(result.passages.size() + more.size(), limits.max_passages)) {
      result.warnings.push_back(texts.documents[i].path + " and what follows it was left out: " +
                                "more than " + in_words(limits.max_passages) + " passages");
      break;
    }
    result.passages.insert(result.passages.end(), std::make_move_iterator(more.begin()),
                           std::make_move_iterator(more.end()));
  }
  return result;
}

}  // namespace mcp::documents
