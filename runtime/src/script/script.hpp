#pragma once

#include "mcp/policy.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace mcp::cluster {

/// What one call of a script may use. Beyond a limit it fails with `script_failed`.
struct script_limits {
  std::int64_t instructions = 10'000'000;  ///< of Lua; library functions are charged for their work
  std::size_t memory = 32u << 20;          ///< bytes
  milliseconds time{5'000};                ///< on the clock, as a last resort
};

/// Deepest nesting of a value between Lua and JSON.
inline constexpr int max_script_depth = 200;
/// Most entries of such a value, those of all levels together.
inline constexpr std::size_t max_script_entries = 1'000'000;
/// Longest text of a script, in bytes.
inline constexpr std::size_t max_script_bytes = 1u << 20;

/// A piece of Lua in a file.
struct script_source {
  std::string file{};  ///< for messages; without folders
  int line = 1;        ///< of the first line of `text` in the file
  std::string text{};
};

/// What is wrong with the text of a script.
struct script_problem {
  int line = 0;  ///< in the file
  std::string message{};
};

/// A compiled Lua function without arguments. A value type; immutable, safe from several threads.
class compiled_script {
 public:
  enum class form : std::uint8_t {
    body,        ///< statements; `return` gives the result
    expression,  ///< one expression
  };
  /// Runs nothing. Throws `script_problem`.
  compiled_script(const script_source& source, form shape);

  [[nodiscard]] const std::string& bytecode() const noexcept { return bytecode_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Whether the text has the word `memory`: only such a script is given the table of that name,
  /// for which it may have to wait.
  [[nodiscard]] bool uses_memory() const noexcept { return uses_memory_; }

 private:
  std::string name_;
  bool uses_memory_ = false;
  std::string bytecode_;  ///< made here, never read from outside: Lua does not check it
};

}  // namespace mcp::cluster
