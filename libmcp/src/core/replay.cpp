#include "core/replay.hpp"

#include "core/cbor_scan.hpp"
#include "core/message_list.hpp"
#include "mcp/error.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include <nlohmann/json.hpp>

namespace mcp::core {
namespace {

using nlohmann::json;

constexpr std::uint64_t format_version = 1;

enum class patch_op : std::uint8_t { set, append, merge, messages };

[[noreturn]] void damaged(const std::string& what) {
  throw error(errc::corrupt_store, "a stored state cannot be rebuilt: " + what);
}

json decode(std::string_view bytes, const char* what) {
  if (const char* wrong = scan_cbor(bytes)) damaged(std::string{what} + ": " + wrong);
  try {
    return json::from_cbor(bytes.begin(), bytes.end());
  } catch (const json::exception& cause) {
    damaged(std::string{what} + ": " + cause.what());
  }
}

std::uint64_t index_of(const json& value, const char* what) {
  if (!value.is_number_unsigned()) damaged(std::string{what} + " is not a non-negative integer");
  return value.get<std::uint64_t>();
}

/// The state under construction. A field edited by message ids lives in `lists_`, not in `fields_`,
/// until something else needs it as one value.
class replayer {
 public:
  explicit replayer(std::string_view snapshot) : fields_(json::object()) {
    if (snapshot.empty()) return;
    fields_ = decode(snapshot, "snapshot");
    if (!fields_.is_object()) damaged("the snapshot is not a map");
  }

  void apply(std::string_view bytes) {
    json body = decode(bytes, "checkpoint");
    if (!body.is_object()) damaged("a checkpoint is not a map");
    const auto version = body.find("v");
    if (version == body.end()) damaged("a checkpoint has no format version");
    const auto number = index_of(*version, "a format version");
    if (number > format_version) {
      throw error(errc::newer_format, "a checkpoint has format version " + std::to_string(number) +
                                          "; this version reads up to " +
                                          std::to_string(format_version));
    }
    if (number == 0) damaged("a checkpoint has format version 0");
    const auto patches = body.find("p");
    if (patches == body.end()) return;
    if (!patches->is_array()) damaged("the patches are not an array");
    for (auto& patch : *patches) apply_patch(patch);
  }

  std::string finish() {
    for (auto& [field, list] : lists_) fields_[field] = std::move(list).take();
    lists_.clear();
    std::string result;
    json::to_cbor(fields_, result);
    return result;
  }

 private:
  void apply_patch(json& patch) {
    if (!patch.is_array() || patch.size() != 3 || !patch[0].is_string()) {
      damaged("a patch is not an array of field, operation and value");
    }
    const auto& field = patch[0].get_ref<const std::string&>();
    const auto op = index_of(patch[1], "a patch operation");
    if (op > static_cast<std::uint64_t>(patch_op::messages)) {
      damaged("patch operation " + std::to_string(op) + " is unknown");
    }
    switch (static_cast<patch_op>(op)) {
      case patch_op::set:
        lists_.erase(field);
        fields_[field] = std::move(patch[2]);
        return;
      case patch_op::append:
        return append(field, patch[2]);
      case patch_op::merge:
        return merge(field, patch[2]);
      case patch_op::messages:
        return edit(field, patch[2]);
    }
  }

  /// The field as one value of type `type`; a field without a value becomes an empty one.
  json& value_of(const std::string& field, json::value_t type) {
    json& value = fields_[field];
    if (const auto list = lists_.find(field); list != lists_.end()) {
      value = std::move(list->second).take();
      lists_.erase(list);
    }
    if (value.is_null()) value = json(type);
    if (value.type() != type) damaged("field '" + field + "' has a type its patch does not fit");
    return value;
  }

  void append(const std::string& field, json& tail) {
    if (!tail.is_array()) damaged("an append to '" + field + "' is not an array");
    if (const auto list = lists_.find(field); list != lists_.end()) {
      for (auto& element : tail) list->second.push_back(std::move(element));
      return;
    }
    auto& target = value_of(field, json::value_t::array).get_ref<json::array_t&>();
    for (auto& element : tail) target.push_back(std::move(element));
  }

  void merge(const std::string& field, json& entries) {
    if (!entries.is_object()) damaged("a merge into '" + field + "' is not a map");
    json& target = value_of(field, json::value_t::object);
    for (auto& [key, entry] : entries.get_ref<json::object_t&>()) {
      if (entry.is_null()) {
        target.erase(key);
      } else {
        target[key] = std::move(entry);
      }
    }
  }

  void edit(const std::string& field, json& edits) {
    if (!edits.is_array()) damaged("the edits of '" + field + "' are not an array");
    auto list = lists_.find(field);
    if (list == lists_.end()) {
      auto& array = value_of(field, json::value_t::array).get_ref<json::array_t&>();
      list = lists_.emplace(field, message_list(std::move(array))).first;
    }
    for (auto& one : edits) {
      if (!one.is_array() || one.size() > 2) damaged("an edit of '" + field + "' is malformed");
      apply_edit(list->second, one, field);
    }
  }

  static void apply_edit(message_list& list, json& edit, const std::string& field) {
    if (edit.empty()) return list.clear();
    const auto index = index_of(edit[0], "the index of an edit");
    const bool append = edit.size() == 2 && index == list.size();
    if (index >= list.size() && !append) {
      damaged("an edit of '" + field + "' names position " + std::to_string(index) + " of " +
              std::to_string(list.size()));
    }
    const auto position = static_cast<std::size_t>(index);
    if (edit.size() == 1) return list.erase(position);
    if (append) return list.push_back(std::move(edit[1]));
    list.replace(position, std::move(edit[1]));
  }

  json fields_;
  std::unordered_map<std::string, message_list> lists_;
};

}  // namespace

std::string replay(std::string_view snapshot, std::span<const std::string> bodies) {
  replayer state(snapshot);
  for (const auto& body : bodies) state.apply(body);
  return state.finish();
}

}  // namespace mcp::core
