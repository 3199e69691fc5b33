#include "memory/note_rules.hpp"

#include "io/encoding.hpp"
#include "memory/vector_math.hpp"
#include "tools/text.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include <nlohmann/json.hpp>

namespace mcp::memories {
namespace {

using json = nlohmann::json;

constexpr std::size_t max_kind_bytes = 64;
constexpr std::size_t max_metadata_bytes = 4 * 1024;
constexpr std::size_t max_metadata_members = 32;
constexpr std::size_t max_id_bytes = 4 * 1024;
constexpr std::size_t key_digits = 32;
constexpr std::string_view blanks = " \t\r\n";

[[noreturn]] void refuse(errc code, const std::string& why) {
  throw error{code, why};
}

void check_size(const std::string& what, std::size_t size, std::size_t most) {
  if (size <= most) return;
  refuse(errc::too_large, what + " has " + std::to_string(size) + "; at most " +
                              std::to_string(most) + " are allowed");
}

/// The metadata as JSON. Throws `malformed_json`, `invalid_argument`, `too_large`.
json metadata_of(const memory_note& note) {
  if (note.metadata.empty()) return json::object();
  check_size("the metadata of a note, in bytes,", note.metadata.size(), max_metadata_bytes);
  static_cast<void>(json_to_cbor(note.metadata));  // refuses what is too deep
  auto members = json::parse(note.metadata);
  if (!members.is_object()) {
    refuse(errc::invalid_argument, "the metadata of a note is a JSON object");
  }
  check_size("the metadata of a note, in members,", members.size(), max_metadata_members);
  for (const auto* own : {"text", "kind"}) {
    if (members.contains(own)) {
      refuse(errc::invalid_argument, "the metadata of a note has a member \"" + std::string{own} +
                                         "\", which is the note's");
    }
  }
  return members;
}

void check_note(const memory_note& note, const agent_memory_options& options) {
  check_size("the text of a note, in bytes,", note.text.size(), options.max_text_bytes);
  if (!tools::is_text(note.text) || !tools::is_text(note.kind)) {
    refuse(errc::invalid_argument, "the text or kind of a note is not UTF-8, or has a NUL");
  }
  if (note.text.find_first_not_of(blanks) == std::string::npos) {
    refuse(errc::invalid_argument, "a note has no text");
  }
  if (note.kind.empty() || note.kind.size() > max_kind_bytes) {
    refuse(errc::invalid_argument,
           "the kind of a note has 1 to " + std::to_string(max_kind_bytes) + " bytes");
  }
  static_cast<void>(metadata_of(note));
}

constexpr std::string_view record_tail = R"("})";

/// A record up to its vector.
std::string record_head(const std::string& model, const std::string& note_value) {
  constexpr std::size_t digits = 16;
  return R"({"model":)" + schema_writer::quote(model) + R"(,"of":")" +
         io::sha256_hex(note_value).substr(0, digits) + R"(","vector":")";
}

std::string_view name_of(memory_scope scope) {
  if (scope == memory_scope::user) return "user";
  return scope == memory_scope::thread ? "thread" : "agent";
}

memory_namespace namespace_of(std::string root, const memory_place& place) {
  return {std::move(root), std::string{name_of(place.scope)}, label_of(place.id)};
}

}  // namespace

bool always_fails(errc code) noexcept {
  return code == errc::cancelled || code == errc::budget_exceeded;
}

void check_options(const agent_memory_options& options) {
  const bool in_range =
      options.max_text_bytes > 0 && options.max_text_bytes <= max_embedding_text_bytes &&
      options.max_notes > 0 && options.max_notes <= max_memory_limit &&
      options.max_renewed <= max_embedding_texts && std::isfinite(options.min_similarity) &&
      options.rank_constant >= 0 && (!options.ttl || options.ttl->count() > 0);
  if (!in_range) {
    refuse(errc::invalid_argument,
           "an option of agent_memory is out of range: max_text_bytes is 1 to " +
               std::to_string(max_embedding_text_bytes) + ", max_notes 1 to " +
               std::to_string(max_memory_limit) + ", max_renewed 0 to " +
               std::to_string(max_embedding_texts) +
               ", min_similarity a number, rank_constant at least 0, ttl positive");
  }
  if (options.root.empty() || options.root.size() > max_memory_label_bytes / 2 ||
      options.root.starts_with("mcp") || options.root.find('.') != std::string::npos ||
      !tools::is_text(options.root)) {
    refuse(errc::invalid_namespace, "agent_memory_options::root is \"" + options.root + "\"");
  }
}

void check_place(const memory_place& place) {
  if (place.id.empty() || place.id.size() > max_id_bytes || !tools::is_text(place.id)) {
    refuse(errc::invalid_argument, "the id of a memory's " + std::string{name_of(place.scope)} +
                                       " is text of 1 to " + std::to_string(max_id_bytes) +
                                       " bytes");
  }
}

void check_query(const recall_query& query) {
  if (query.places.empty()) refuse(errc::invalid_argument, "a recall names no place to look in");
  check_size("a recall, in places,", query.places.size(), max_recall_places);
  for (const auto& place : query.places) check_place(place);
  if (query.limit == 0 || query.limit > max_recalled_notes) {
    refuse(errc::invalid_argument,
           "recall_query::limit is 1 to " + std::to_string(max_recalled_notes));
  }
  if (!tools::is_text(query.kind)) {
    refuse(errc::invalid_argument, "recall_query::kind is not UTF-8, or has a NUL");
  }
}

void check_notes(const std::vector<memory_note>& notes, const agent_memory_options& options) {
  check_size("a call of remember, in notes,", notes.size(), max_remembered_notes);
  for (const auto& note : notes) check_note(note, options);
}

std::string label_of(const std::string& id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string label;
  for (const char letter : id) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte > 0x20 && byte != 0x7f && letter != '.' && letter != '%' && letter != '#') {
      label += letter;
    } else {
      label += '%';
      label += digits[byte >> 4U];
      label += digits[byte & 0xfU];
    }
  }
  return label.size() <= max_memory_label_bytes ? label : "#" + io::sha256_hex(id);
}

memory_namespace notes_of(const std::string& root, const memory_place& place) {
  return namespace_of(root, place);
}

memory_namespace vectors_of(const std::string& root, const memory_place& place) {
  return namespace_of(root + "-vectors", place);
}

std::string key_of(const memory_note& note) {
  if (!note.key.empty()) return note.key;
  const auto first = note.text.find_first_not_of(blanks);
  const auto last = note.text.find_last_not_of(blanks);
  const auto text = std::string_view{note.text}.substr(first, last - first + 1);
  // No text has a NUL: kind and text cannot be mistaken for one another.
  return io::sha256_hex(note.kind + std::string(1, '\0') + std::string{text}).substr(0, key_digits);
}

std::string value_of(const memory_note& note) {
  auto value = metadata_of(note);
  value["text"] = note.text;
  value["kind"] = note.kind;
  return value.dump();
}

std::optional<memory_hit> hit_of(const memory_item& item, const memory_place& place) {
  auto value = json::parse(item.value, nullptr, false);
  if (!value.is_object() || !value.contains("text") || !value["text"].is_string()) return {};
  memory_hit hit{.place = place, .key = item.key, .text = value["text"].get<std::string>()};
  if (value.contains("kind") && value["kind"].is_string()) {
    hit.kind = value["kind"].get<std::string>();
  }
  value.erase("text");
  value.erase("kind");
  if (!value.empty()) hit.metadata = value.dump(-1, ' ', false, json::error_handler_t::replace);
  hit.updated = item.updated.time_since_epoch().count();
  return hit;
}

std::string text_of(const memory_item& item) {
  auto hit = hit_of(item, {});
  return hit ? std::move(hit->text) : std::string{};
}

std::string vector_record(const std::string& model, const std::string& note_value,
                          std::vector<float> vector) {
  static_assert(std::endian::native == std::endian::little && sizeof(float) == 4);
  normalize(vector);
  const std::string_view bytes{reinterpret_cast<const char*>(vector.data()),
                               vector.size() * sizeof(float)};
  return record_head(model, note_value) + io::to_base64(bytes) + std::string{record_tail};
}

std::optional<std::vector<float>> vector_of(const std::string& record, const std::string& model,
                                            const std::string& note_value, std::size_t dimensions) {
  // A store keeps a value as it is written: no need to parse what is compared by the thousand.
  const auto head = record_head(model, note_value);
  if (!record.starts_with(head) || !record.ends_with(record_tail)) return {};
  const auto frame = head.size() + record_tail.size();
  if (record.size() < frame) return {};
  const auto bytes =
      io::from_base64(std::string_view{record}.substr(head.size(), record.size() - frame));
  if (!bytes || bytes->size() != dimensions * sizeof(float)) return {};
  std::vector<float> vector(dimensions);
  std::memcpy(vector.data(), bytes->data(), bytes->size());
  return vector;
}

}  // namespace mcp::memories
