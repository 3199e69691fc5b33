#include "memory/note_shelf.hpp"

#include "memory/note_rules.hpp"
#include "memory/vector_math.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <unordered_map>

namespace mcp::memories {
namespace {

std::vector<memory_filter> filters_of(const recall_query& query) {
  auto filters = query.filters;
  if (!query.kind.empty()) {
    filters.push_back({.field = "kind", .value = schema_writer::quote(query.kind)});
  }
  return filters;
}

}  // namespace

std::vector<std::string> note_shelf::put(const memory_place& place,
                                         const std::vector<memory_note>& notes,
                                         const std::vector<std::vector<float>>& vectors) {
  const auto ns = notes_of(options_.root, place);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    keys.push_back(key_of(notes[i]));
    const auto value = value_of(notes[i]);
    // The note first: a crash between the two leaves a note without a vector, never the reverse.
    store_.put(ns, keys.back(), value, {.ttl = options_.ttl});
    if (i < vectors.size()) put_vector(place, keys.back(), value, vectors[i]);
  }
  if (!notes.empty()) forget_excess(place);
  return keys;
}

void note_shelf::put_vector(const memory_place& place, const std::string& key,
                            const std::string& value, const std::vector<float>& vector) {
  store_.put(vectors_of(options_.root, place), key,
             vector_record(options_.embeddings->name(), value, vector),
             {.ttl = options_.ttl, .index = false});
}

void note_shelf::forget_excess(const memory_place& place) {
  const auto excess = store_.search({.prefix = notes_of(options_.root, place),
                                     .limit = max_memory_limit,
                                     .offset = options_.max_notes,
                                     .refresh = false});
  for (const auto& item : excess) forget(place, item.key);
}

findings note_shelf::find(const recall_query& query, std::vector<float> asked) {
  findings found;
  if (!asked.empty()) {
    normalize(asked);
    find_by_meaning(query, asked, found);
  }
  find_by_text(query, found);
  return found;
}

void note_shelf::find_by_meaning(const recall_query& query, const std::vector<float>& asked,
                                 findings& found) {
  for (std::size_t p = 0; p < query.places.size(); ++p) compare_place(query, p, asked, found);
}

void note_shelf::compare_place(const recall_query& query, std::size_t place,
                               const std::vector<float>& asked, findings& found) {
  auto items = store_.search({.prefix = notes_of(options_.root, query.places[place]),
                              .filters = filters_of(query),
                              .limit = options_.max_notes,
                              .refresh = false});
  std::unordered_map<std::string, std::string> records;
  for (auto& record : store_.search({.prefix = vectors_of(options_.root, query.places[place]),
                      .limit = options_.max_notes,
                      .refresh = false})) {
    records.emplace(std::move(record.key), std::move(record.value));
  }
  for (auto& item : items) {
    const auto index = found.notes.size();
    const auto record = records.find(item.key);
    const auto vector =
        record == records.end()
            ? std::nullopt
            : vector_of(record->second, options_.embeddings->name(), item.value, asked.size());
    if (vector) {
      found.by_meaning.emplace_back(dot(*vector, asked), index);
    } else if (found.without.size() < options_.max_renewed) {
      found.without.push_back(index);
    }
    found.notes.push_back({std::move(item), place});
  }
}

void note_shelf::find_by_text(const recall_query& query, findings& found) {
  std::map<std::pair<std::size_t, std::string>, std::size_t> known;
  for (std::size_t i = 0; i < found.notes.size(); ++i) {
    known.emplace(std::pair{found.notes[i].place, found.notes[i].item.key}, i);
  }
  std::vector<std::pair<double, std::size_t>> ranked;
  for (std::size_t p = 0; p < query.places.size(); ++p) {
    for (auto& item : store_.search({.prefix = notes_of(options_.root, query.places[p]),
                      .filters = filters_of(query),
                      .text = query.text,
                      .limit = rank_depth(query.limit),
                      .refresh = false})) {
      const auto rank =
          item.score.value_or(static_cast<double>(item.updated.time_since_epoch().count()));
      const auto [at, is_new] = known.try_emplace({p, item.key}, found.notes.size());
      if (is_new) found.notes.push_back({std::move(item), p});
      ranked.emplace_back(rank, at->second);
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [rank, index] : ranked) found.by_text.push_back(index);
}

std::vector<std::string> note_shelf::texts_without(const findings& found) {
  std::vector<std::string> texts;
  for (const auto index : found.without) {
    auto text = text_of(found.notes[index].item);
    // Something else in our namespace: it is no note, and is not found either.
    texts.push_back(text.empty() ? std::string{"-"} : std::move(text));
  }
  return texts;
}

void note_shelf::renew(findings& found, const recall_query& query,
                       const std::vector<std::vector<float>>& vectors, std::vector<float> asked) {
  normalize(asked);
  for (std::size_t i = 0; i < found.without.size() && i < vectors.size(); ++i) {
    const auto index = found.without[i];
    const auto& note = found.notes[index];
    put_vector(query.places[note.place], note.item.key, note.item.value, vectors[i]);
    auto vector = vectors[i];
    if (vector.size() != asked.size()) continue;
    normalize(vector);
    found.by_meaning.emplace_back(dot(vector, asked), index);
  }
}

std::vector<memory_hit> note_shelf::best(const findings& found, const recall_query& query) {
  const std::array<std::vector<std::size_t>, 2> rankings{
      found.by_text,
      nearest_first(found.by_meaning, options_.min_similarity, rank_depth(query.limit))};
  std::vector<memory_hit> hits;
  for (const auto& [index, score] :
       reciprocal_rank_fusion(rankings, query.limit, options_.rank_constant)) {
    const auto& note = found.notes[index];
    auto hit = hit_of(note.item, query.places[note.place]);
    if (!hit) continue;
    hit->score = score;
    keep_alive(hit->place, hit->key);
    hits.push_back(std::move(*hit));
  }
  return hits;
}

void note_shelf::keep_alive(const memory_place& place, const std::string& key) {
  if (!options_.ttl) return;
  static_cast<void>(store_.get(notes_of(options_.root, place), key, true));
  static_cast<void>(store_.get(vectors_of(options_.root, place), key, true));
}

bool note_shelf::forget(const memory_place& place, const std::string& key) {
  // The vector first: what a crash leaves is a whole note, or nothing.
  store_.remove(vectors_of(options_.root, place), key);
  return store_.remove(notes_of(options_.root, place), key);
}

std::vector<memory_hit> note_shelf::list(const memory_place& place, std::size_t limit,
                                         std::size_t offset) {
  std::vector<memory_hit> hits;
  for (const auto& item : store_.search({.prefix = notes_of(options_.root, place),
                          .limit = limit,
                          .offset = offset,
                          .refresh = false})) {
    if (auto hit = hit_of(item, place)) hits.push_back(std::move(*hit));
  }
  return hits;
}

}  // namespace mcp::memories
