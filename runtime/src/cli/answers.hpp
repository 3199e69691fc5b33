#pragma once

#include "mcp/executor.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace mcp::cluster {

/// What a text that a person gave means as the answer to a question: JSON that fits `schema` (JSON
/// text; empty: everything but null fits), or else the text itself as a string that fits; for a
/// boolean also yes and no. Throws `invalid_answer` with what does not fit.
[[nodiscard]] nlohmann::json read_answer(std::string_view text, const std::string& schema);

/// Whether a question is whether a tool may be called: `read_answer` then takes "accept", "reject
/// REASON", "edit ARGUMENTS" and "respond RESULT".
[[nodiscard]] bool asks_for_decision(const std::string& schema);

/// The values of `--answer`, until they are used. Not thread-safe.
class given_answers {
 public:
  /// Each is JSON, or ID=JSON where ID is an interrupt's id or the name of the node that asks.
  explicit given_answers(const std::vector<std::string>& given);

  /// Takes what answers the questions that wait: those that are named, and the first one without
  /// a name when just one question is left. Answers to other questions stay for later ones. Throws
  /// `invalid_answer`.
  [[nodiscard]] std::map<std::string, nlohmann::json> take(
      const std::vector<pending_interrupt>& asked);
  /// How the answers that nobody asked for begin; empty: none.
  [[nodiscard]] std::string unused() const;

 private:
  struct one {
    std::string name{};  ///< empty: for the only question
    std::string text{};
  };
  std::optional<std::string> take_for(const pending_interrupt& asked);

  std::vector<one> left_;
};

}  // namespace mcp::cluster
