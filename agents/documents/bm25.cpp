#include "bm25.hpp"

#include "tokens.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

namespace mcp::documents {
namespace {

/// Passages whose words are compared with the phrases of a query: the best by terms alone.
constexpr std::size_t max_phrase_candidates = 256;

/// Shorter passages count as this long, or three-word list items would win every search.
constexpr float min_length = 12.0F;

bool contains_run(const std::vector<std::uint32_t>& words, const std::vector<std::uint32_t>& run) {
  return !run.empty() &&
         std::search(words.begin(), words.end(), run.begin(), run.end()) != words.end();
}

std::string file_stem(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t start = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(start, path.rfind('.') - start);
}

}  // namespace

bm25_index::bm25_index(std::vector<passage> passages, const bm25_options& options)
    : options_(options), passages_(std::move(passages)) {
  words_.resize(passages_.size());
  lengths_.resize(passages_.size());
  for (std::size_t i = 0; i < passages_.size(); ++i) add(static_cast<int>(i));
  if (!passages_.empty()) {
    average_length_ = std::accumulate(lengths_.begin(), lengths_.end(), 0.0) /
                      static_cast<double>(lengths_.size());
  }
}

bm25_index::term_id bm25_index::id_of(const std::string& term) {
  const auto [it, is_new] = ids_.try_emplace(term, static_cast<term_id>(terms_.size()));
  if (is_new) {
    terms_.push_back(term);
    stop_.push_back(is_stop_word(term));
    postings_.emplace_back();
  }
  return it->second;
}

void bm25_index::add(int index) {
  const auto at = static_cast<std::size_t>(index);
  const passage& p = passages_[at];
  std::map<term_id, float> counts;
  float length = 0.0F;
  const auto count = [&](const std::string& text, double weight, bool body) {
    for (const token& t : tokenize(text)) {
      const bool stop = is_stop_word(t.word);
      const term_id id = id_of(t.term);
      if (stop) stop_[id] = true;
      if (body && !t.part) words_[at].push_back(id);
      if (stop) continue;
      counts[id] += static_cast<float>(weight);
      if (body && !t.part) length += 1.0F;
    }
  };
  count(p.text, 1.0, true);
  for (std::size_t i = 0; i < p.headings.size(); ++i) {
    const bool innermost = i + 1 == p.headings.size();
    count(p.headings[i], innermost ? options_.heading_weight : options_.outer_weight, false);
  }
  count(p.context, options_.outer_weight, false);
  count(file_stem(p.path), options_.outer_weight, false);
  lengths_[at] = std::max(length, min_length);
  for (const auto& [id, occurrences] : counts) postings_[id].push_back({index, occurrences});
}

const bm25_index::term_id* bm25_index::find(std::string_view term) const {
  const auto it = ids_.find(std::string(term));
  return it == ids_.end() ? nullptr : &it->second;
}

int bm25_index::document_frequency(std::string_view term) const {
  const term_id* id = find(term);
  return id == nullptr ? 0 : static_cast<int>(postings_[*id].size());
}

double bm25_index::idf_of(std::size_t frequency) const {
  const auto total = static_cast<double>(passages_.size());
  const auto with = static_cast<double>(frequency);
  return std::log(1.0 + (total - with + 0.5) / (with + 0.5));
}

double bm25_index::idf(std::string_view term) const {
  const term_id* id = find(term);
  return idf_of(id == nullptr ? 0 : postings_[*id].size());
}

std::vector<std::string> bm25_index::terms_of(int index) const {
  std::vector<std::string> out;
  std::vector<term_id> seen;
  for (const term_id id : words_[static_cast<std::size_t>(index)]) {
    if (!stop_[id]) seen.push_back(id);
  }
  std::vector<term_id> sorted = seen;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<bool> taken(sorted.size(), false);
  for (const term_id id : seen) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), id) - sorted.begin();
    if (taken[static_cast<std::size_t>(at)]) continue;
    taken[static_cast<std::size_t>(at)] = true;
    out.push_back(terms_[id]);
  }
  return out;
}

double bm25_index::phrase_score(const search_query& query, int index) const {
  const std::vector<term_id>& words = words_[static_cast<std::size_t>(index)];
  double score = 0.0;
  for (std::size_t i = 0; i + 1 < query.terms.size(); ++i) {
    const term_id* first = find(query.terms[i].term);
    const term_id* second = find(query.terms[i + 1].term);
    if (first == nullptr || second == nullptr || !contains_run(words, {*first, *second})) continue;
    const double weight = std::min(query.terms[i].weight, query.terms[i + 1].weight);
    score +=
        options_.pair_bonus * weight * (idf(query.terms[i].term) + idf(query.terms[i + 1].term));
  }
  for (const std::vector<std::string>& phrase : query.phrases) {
    std::vector<term_id> run;
    double rarest = 0.0;
    for (const std::string& word : phrase) {
      const term_id* id = find(word);
      if (id == nullptr) break;
      run.push_back(*id);
      rarest = std::max(rarest, stop_[*id] ? 0.0 : idf(word));
    }
    if (run.size() == phrase.size() && contains_run(words, run)) {
      score += options_.phrase_bonus * std::max(rarest, 1.0);
    }
  }
  return score;
}

std::vector<hit> bm25_index::match_terms(const search_query& query) const {
  std::vector<double> scores(passages_.size(), 0.0);
  std::vector<double> matched(passages_.size(), 0.0);
  std::vector<int> touched;
  double asked = 0.0;
  for (const weighted_term& t : query.terms) {
    const term_id* id = find(t.term);
    const double weight = t.weight * idf(t.term);
    asked += weight;
    if (id == nullptr || weight <= 0.0) continue;
    for (const posting& p : postings_[*id]) {
      const auto at = static_cast<std::size_t>(p.passage);
      if (matched[at] == 0.0) touched.push_back(p.passage);
      const double occurrences = p.occurrences;
      const double length = 1.0 - options_.b + options_.b * lengths_[at] / average_length_;
      scores[at] +=
          weight * occurrences * (options_.k1 + 1.0) / (occurrences + options_.k1 * length);
      matched[at] += weight;
    }
  }
  std::vector<hit> hits;
  hits.reserve(touched.size());
  for (const int index : touched) {
    const auto at = static_cast<std::size_t>(index);
    const double share = matched[at] / asked;
    const double score = scores[at] * (1.0 - options_.coordination + options_.coordination * share);
    hits.push_back({index, score * passage_factor(query, passages_[at])});
  }
  return hits;
}

double bm25_index::passage_factor(const search_query& query, const passage& p) const {
  const bool focus = std::find(query.focus_paths.begin(), query.focus_paths.end(), p.path) !=
                     query.focus_paths.end();
  return (p.kind == passage_kind::code ? options_.code_weight : 1.0) *
         (focus ? options_.focus_factor : 1.0);
}

std::vector<hit> bm25_index::search(const search_query& query, int k) const {
  if (k <= 0) return {};
  const auto better = [this](const hit& x, const hit& y) {
    if (x.score != y.score) return x.score > y.score;
    const passage& a = passages_[static_cast<std::size_t>(x.passage)];
    const passage& b = passages_[static_cast<std::size_t>(y.passage)];
    if (a.path != b.path) return a.path < b.path;
    if (a.first_line != b.first_line) return a.first_line < b.first_line;
    return x.passage < y.passage;
  };
  std::vector<hit> hits = match_terms(query);
  const auto head = [&hits](std::size_t count) {
    return hits.begin() + static_cast<std::ptrdiff_t>(std::min(count, hits.size()));
  };
  const std::size_t candidates = std::max(max_phrase_candidates, static_cast<std::size_t>(k));
  std::partial_sort(hits.begin(), head(candidates), hits.end(), better);
  hits.erase(head(candidates), hits.end());
  for (hit& h : hits) h.score += phrase_score(query, h.passage);
  std::sort(hits.begin(), hits.end(), better);
  hits.erase(head(static_cast<std::size_t>(k)), hits.end());
  return hits;
}

}  // namespace mcp::documents
