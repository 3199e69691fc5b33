#include "providers/cassette_exchange.hpp"
#include "providers/relayed_call.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <nlohmann/json.hpp>

namespace mcp::providers {
namespace {

/// A call that was over before its caller could do anything about it.
class ended_call final : public chat_call {
 public:
  void cancel() override {}
};

void say(const std::vector<recorded_delta>& deltas, const chat_handler& handler) {
  for (const auto& one : deltas) {
    handler.on_delta(
        {.what = one.what, .text = one.text, .index = one.index, .id = one.id, .name = one.name});
  }
}

/// For an answer that was recorded without its pieces.
std::vector<recorded_delta> in_one_piece(const message& reply) {
  std::vector<recorded_delta> deltas;
  if (!reply.content.empty()) deltas.push_back({.text = reply.content});
  for (std::size_t i = 0; i < reply.tool_calls.size(); ++i) {
    const auto& call = reply.tool_calls[i];
    deltas.push_back({.what = chat_delta::kind::tool_call,
                      .text = call.arguments,
                      .index = i,
                      .id = call.id,
                      .name = call.name});
  }
  return deltas;
}

std::string shown(const nlohmann::json& whole, const nlohmann::json::json_pointer& at) {
  constexpr std::size_t most = 160;
  if (!whole.contains(at)) return "nothing";
  auto text = whole.at(at).dump();
  if (text.size() <= most) return text;
  auto end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;
  return text.substr(0, end) + "...";
}

/// Where two requests differ, and how much.
struct difference {
  std::size_t places = 0;
  std::size_t alike = 0;  ///< length of the common beginning of the first text that differs
  std::string text{};

  [[nodiscard]] bool less_than(const difference& other) const {
    return std::pair{places, other.alike} < std::pair{other.places, alike};
  }
};

difference compare(const chat_request& recording, const chat_request& asked) {
  const auto a = nlohmann::json::parse(to_json(recording));
  const auto b = nlohmann::json::parse(to_json(asked));
  const auto steps = nlohmann::json::diff(a, b);
  difference found{.places = steps.size()};
  if (steps.empty()) return found;
  const auto path = steps.front().at("path").get<std::string>();
  const nlohmann::json::json_pointer at{path};
  if (a.contains(at) && b.contains(at) && a.at(at).is_string() && b.at(at).is_string()) {
    const auto& x = a.at(at).get_ref<const std::string&>();
    const auto& y = b.at(at).get_ref<const std::string&>();
    const auto ends = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
    found.alike = static_cast<std::size_t>(ends.first - x.begin());
  }
  found.text = path + ": recorded " + shown(a, at) + ", asked " + shown(b, at);
  return found;
}

class replaying_model final : public chat_model {
 public:
  replaying_model(const std::filesystem::path& file, const cassette_options& options)
      : redact_(options.redact), path_(file.string()), name_("cassette/" + file.stem().string()) {
    load(options.max_file_bytes);
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    try {
      const auto& found = find(canonical(std::move(request), redact_));
      if (handler.on_delta) {
        say(found.deltas.empty() && found.answer ? in_one_piece(found.answer->reply) : found.deltas,
            handler);
      }
      chat_outcome outcome;
      outcome.answer = found.answer;
      if (found.failure) outcome.failure = replayed(*found.failure);
      handler.on_end(std::move(outcome));
    } catch (const error& reason) {
      handler.on_end(failed_outcome(reason));
    }
    return std::make_shared<ended_call>();
  }

 private:
  struct line {
    std::size_t number = 0;
    recorded_exchange exchange{};
  };
  struct recordings {
    std::vector<std::size_t> lines{};  ///< in `lines_`
    std::size_t used = 0;
  };

  void load(std::size_t max_bytes) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path_, failed);
    if (!failed && size > max_bytes) {
      throw error{errc::too_large, "the cassette " + path_ + " has " + std::to_string(size) +
                                       " bytes, more than " + std::to_string(max_bytes) +
                                       " (cassette_options::max_file_bytes)"};
    }
    std::ifstream in{path_, std::ios::binary};
    if (failed || !in) {
      throw error{errc::store_failed, "cannot read the cassette " + path_ +
                                          (failed ? ": " + failed.message() : std::string{})};
    }
    std::string text;
    for (std::size_t number = 1; std::getline(in, text); ++number) {
      if (text.empty()) continue;
      try {
        lines_.push_back({number, parse(text)});
      } catch (const error& reason) {
        throw error{reason.code(), path_ + ":" + std::to_string(number) + ": " + reason.message()};
      }
      by_key_[lines_.back().exchange.key].lines.push_back(lines_.size() - 1);
    }
  }

  const recorded_exchange& find(const chat_request& request) {
    const auto known = by_key_.find(key_of(request));
    if (known == by_key_.end()) throw miss(request);
    auto& [lines, used] = known->second;
    const std::lock_guard lock{mutex_};
    if (used < lines.size()) return lines_[lines[used++]].exchange;
    throw error{errc::cassette_miss, path_ + " has this request " + std::to_string(lines.size()) +
                                         " time(s), the last one in line " +
                                         std::to_string(lines_[lines.back()].number) +
                                         ", and it was asked once more"};
  }

  [[nodiscard]] error miss(const chat_request& request) const {
    const line* nearest = nullptr;
    difference least;
    for (const auto& one : lines_) {
      auto now = compare(one.exchange.request, request);
      if (nearest != nullptr && !now.less_than(least)) continue;
      nearest = &one;
      least = std::move(now);
    }
    auto text = path_ + " has no recording of this request";
    if (nearest != nullptr) {
      text += "; the nearest is line " + std::to_string(nearest->number) + ", which differs in " +
              std::to_string(least.places) + " place(s), first at " + least.text;
    }
    return error{errc::cassette_miss, text};
  }

  const redaction redact_;
  const std::string path_;
  const std::string name_;
  std::vector<line> lines_;
  std::unordered_map<std::string, recordings> by_key_;
  std::mutex mutex_;
};

}  // namespace
}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> replay(const std::filesystem::path& file,
                                   const cassette_options& options) {
  return std::make_shared<providers::replaying_model>(file, options);
}

}  // namespace mcp
