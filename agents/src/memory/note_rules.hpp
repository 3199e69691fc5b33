#pragma once

#include "mcp/agents/agent_memory.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How notes and their vectors are written down, and what is refused. Pure.
namespace mcp::memories {

/// A failed embedding that fails the whole call, whatever the options.
[[nodiscard]] bool always_fails(errc code) noexcept;

/// Throws `invalid_argument`, `invalid_namespace`.
void check_options(const agent_memory_options& options);
/// Throws `invalid_argument`, `too_large`.
void check_place(const memory_place& place);
void check_query(const recall_query& query);
void check_notes(const std::vector<memory_note>& notes, const agent_memory_options& options);

/// The namespaces of a place: of its notes, and of their vectors.
[[nodiscard]] memory_namespace notes_of(const std::string& root, const memory_place& place);
[[nodiscard]] memory_namespace vectors_of(const std::string& root, const memory_place& place);
/// An id as a label of a namespace: different for different ids.
[[nodiscard]] std::string label_of(const std::string& id);

[[nodiscard]] std::string key_of(const memory_note& note);
/// The item's value. The note has been checked.
[[nodiscard]] std::string value_of(const memory_note& note);
/// Nothing when the item is no note.
[[nodiscard]] std::optional<memory_hit> hit_of(const memory_item& item, const memory_place& place);
[[nodiscard]] std::string text_of(const memory_item& item);

/// A vector beside its note: `{"model","of","vector"}`, where `of` is a hash of the note's value
/// and `vector` is base64 of float32, little-endian, of length one or zero.
[[nodiscard]] std::string vector_record(const std::string& model, const std::string& note_value,
                                        std::vector<float> vector);
/// Nothing when the record is none, or of another model, dimension or value of the note.
[[nodiscard]] std::optional<std::vector<float>> vector_of(const std::string& record,
                                                          const std::string& model,
                                                          const std::string& note_value,
                                                          std::size_t dimensions);

}  // namespace mcp::memories
