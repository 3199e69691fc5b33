#include "compose.hpp"

#include "sentences.hpp"

#include <algorithm>
#include <utility>

namespace mcp::documents {
namespace {

/// A fence longer than any run of back-ticks inside.
std::string fence_for(std::string_view text) {
  std::size_t longest = 2;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest + 1, '`');
}

class writer {
 public:
  writer(const question& asked, const research_plan& plan, const std::vector<evidence>& found,
         const std::vector<verdict>& verdicts, const compose_options& options)
      : asked_(asked), plan_(plan), found_(found), verdicts_(verdicts), options_(options) {}

  answer write() {
    out_.markdown = "# " + asked_.text + "\n";
    write_lead();
    const std::size_t lead_end = out_.markdown.size();
    const bool led = !out_.sources.empty();
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) write_section(static_cast<int>(i));
    if (!led) {
      out_.markdown.insert(lead_end,
                           out_.sources.empty()
                               ? "\nNothing in the folder answers this.\n"
                               : "\nThe folder has no clear answer; the nearest is below.\n");
    }
    write_gaps();
    write_sources();
    return std::move(out_);
  }

 private:
  const verdict* verdict_of(int part) const {
    const auto it = std::find_if(verdicts_.begin(), verdicts_.end(),
                                 [part](const verdict& v) { return v.sub_question == part; });
    return it == verdicts_.end() ? nullptr : &*it;
  }

  bool is_covered(int part) const {
    const verdict* v = verdict_of(part);
    return v == nullptr || v->state == coverage_state::covered;
  }

  std::vector<const evidence*> evidence_of(int part) const {
    std::vector<const evidence*> own;
    for (const evidence& e : found_) {
      if (e.sub_question == part) own.push_back(&e);
    }
    std::stable_sort(own.begin(), own.end(),
                     [](const evidence* a, const evidence* b) { return a->score > b->score; });
    return own;
  }

  /// The number of a quotation; the same quotation has one number in the whole answer.
  int cite(const evidence& e) {
    for (const source& s : out_.sources) {
      if (s.path == e.path && s.line == e.line && s.quote == e.text) return s.number;
    }
    const auto number = static_cast<int>(out_.sources.size()) + 1;
    out_.sources.push_back({number, e.path, e.line, e.last_line, e.text});
    return number;
  }

  static std::string mark(int number) { return "[" + std::to_string(number) + "]"; }

  bool is_written(const evidence& e) const {
    return std::any_of(out_.sources.begin(), out_.sources.end(), [&e](const source& s) {
      return s.path == e.path && s.line == e.line && s.quote == e.text;
    });
  }

  void write_lead() {
    std::string lead;
    int sentences = 0;
    for (std::size_t i = 0; i < plan_.parts.size() && sentences < options_.max_lead_sentences;
         ++i) {
      if (!plan_.parts[i].required) continue;
      for (const evidence* e : evidence_of(static_cast<int>(i))) {
        if (e->kind == passage_kind::code || e->score < options_.min_lead_score) continue;
        if (is_written(*e)) continue;
        if (!lead.empty()) lead += ' ';
        lead += e->text + ' ' + mark(cite(*e));
        ++sentences;
        break;
      }
    }
    if (!lead.empty()) out_.markdown += '\n' + lead + '\n';
  }

  void write_section(int part) {
    const sub_question& asked = plan_.parts[static_cast<std::size_t>(part)];
    if (!asked.required && !is_covered(part)) return;
    std::string marks;
    std::vector<const evidence*> fresh;
    for (const evidence* e : evidence_of(part)) {
      if (is_written(*e)) {
        marks += (marks.empty() ? "" : ", ") + mark(cite(*e));
      } else if (std::cmp_less(fresh.size(), options_.max_section_sentences) &&
                 (asked.required || e->score >= options_.min_facet_score)) {
        fresh.push_back(e);
      }
    }
    // A facet nobody asked for is worth a section only when it says something new.
    if (fresh.empty() && (marks.empty() || !asked.required)) return;
    out_.markdown += "\n## " + asked.text + "\n\n";
    for (const evidence* e : fresh) write_item(*e);
    if (fresh.empty()) out_.markdown += "See " + marks + " above.\n";
  }

  void write_item(const evidence& e) {
    const std::string number = mark(cite(e));
    if (e.kind == passage_kind::code) {
      const std::string fence = fence_for(e.text);
      out_.markdown += "\n" + fence + "\n" + e.text + "\n" + fence + "\n" + number + "\n";
    } else {
      out_.markdown += "- " + e.text + ' ' + number + '\n';
    }
  }

  void write_gaps() {
    for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
      const verdict* v = verdict_of(static_cast<int>(i));
      if (v == nullptr || v->state == coverage_state::covered || !plan_.parts[i].required) continue;
      const std::string found =
          v->state == coverage_state::missing ? "Not found: " : "Only partly answered: ";
      out_.gaps.push_back(found + plan_.parts[i].text + " (" + v->reason + ").");
    }
    out_.gaps.insert(out_.gaps.end(), plan_.notes.begin(), plan_.notes.end());
    if (out_.gaps.empty()) return;
    out_.markdown += "\n## What is missing\n\n";
    for (const std::string& gap : out_.gaps) out_.markdown += "- " + gap + '\n';
  }

  void write_sources() {
    if (out_.sources.empty()) return;
    out_.markdown += "\n## Sources\n\n";
    for (const source& s : out_.sources) {
      out_.markdown += mark(s.number) + ' ' + s.path + ':' + std::to_string(s.line) + '\n';
    }
  }

  const question& asked_;
  const research_plan& plan_;
  const std::vector<evidence>& found_;
  const std::vector<verdict>& verdicts_;
  const compose_options& options_;
  answer out_;
};

}  // namespace

answer compose(const question& asked, const research_plan& plan, const std::vector<evidence>& found,
               const std::vector<verdict>& verdicts, const compose_options& options) {
  return writer(asked, plan, found, verdicts, options).write();
}

}  // namespace mcp::documents
