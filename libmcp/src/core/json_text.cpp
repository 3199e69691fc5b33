#include "mcp/cbor.hpp"

#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp {
namespace {

using nlohmann::json;

/// Where a parser is: its way from the top, and the keys of each object on it.
class json_place {
 public:
  /// The name and place of the first key that stands twice in its object; empty: there is none.
  static std::string find_repeated(std::string_view text) {
    json_place place;
    std::string found;
    const auto look = [&](int, json::parse_event_t event, json& parsed) {
      if (found.empty()) found = place.take(event, parsed);
      return true;
    };
    [[maybe_unused]] const auto whole = json::parse(text, look);
    return found;
  }

 private:
  struct level {
    bool array = false;
    std::size_t index = 0;  ///< of the next element
    std::string key{};
    std::unordered_set<std::string> keys{};
  };

  std::string take(json::parse_event_t event, const json& parsed) {
    using kind = json::parse_event_t;
    if (event == kind::key) {
      auto& now = levels_.back();
      now.key = parsed.get<std::string>();
      if (now.keys.insert(now.key).second) return {};
      return "key " + json(now.key).dump() + " stands twice in the object at \"" + pointer() + "\"";
    }
    if (event == kind::object_end || event == kind::array_end) {
      levels_.pop_back();
    } else if (event != kind::value) {
      levels_.push_back({.array = event == kind::array_start});
      return {};
    }
    if (!levels_.empty() && levels_.back().array) ++levels_.back().index;
    return {};
  }

  /// Of the innermost object.
  [[nodiscard]] std::string pointer() const {
    std::string result;
    for (std::size_t i = 0; i + 1 < levels_.size(); ++i) {
      const auto& one = levels_[i];
      result += '/' + (one.array ? std::to_string(one.index) : one.key);
    }
    return result;
  }

  std::vector<level> levels_;
};

/// Builds the value while watching the depth, which nlohmann's own parser does not limit, and the
/// keys, of which it would keep the last.
json parse_bounded(std::string_view text) {
  std::vector<std::size_t> keys;  // read so far, of each object that is open
  bool repeated = false;
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
    using kind = json::parse_event_t;
    const bool opens = event == kind::object_start || event == kind::array_start;
    if (opens && depth >= static_cast<int>(max_depth)) {
      throw error{errc::too_large,
                  "JSON nested deeper than " + std::to_string(max_depth) + " levels"};
    }
    if (event == kind::object_start) {
      keys.push_back(0);
    } else if (event == kind::key) {
      ++keys.back();
    } else if (event == kind::object_end) {
      repeated = repeated || parsed.size() != keys.back();
      keys.pop_back();
    }
    return true;
  };
  try {
    auto made = json::parse(text, watch);
    if (repeated) throw error{errc::malformed_json, json_place::find_repeated(text)};
    return made;
  } catch (const json::exception& failure) {  // also for a number that is too large
    std::string what =
        failure.what();  // "[json.exception.parse_error.101] parse error at line ..."
    if (const auto end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    throw error{errc::malformed_json, what};
  }
}

}  // namespace

std::string cbor_to_json(std::string_view cbor) {
  cbor_reader check{cbor};
  check.skip();  // also bounds the depth of what nlohmann reads recursively
  if (!check.at_end()) throw error{errc::malformed_cbor, "bytes after the end of the value"};
  try {
    return json::from_cbor(cbor).dump(-1, ' ', false, json::error_handler_t::replace);
  } catch (const json::exception& failure) {
    throw error{errc::malformed_cbor, failure.what()};
  }
}

std::string json_to_cbor(std::string_view text) {
  std::string result;
  json::to_cbor(parse_bounded(text), nlohmann::detail::output_adapter<char, std::string>(result));
  return result;
}

}  // namespace mcp
