#pragma once

#include "mcp/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcp::cluster {

/// A place in a cluster file, counted from 1; zero: the file as a whole.
struct file_position {
  int line = 0;
  int column = 0;
};

/// Something wrong with a cluster file. Errors stop it, warnings do not.
struct cluster_problem {
  enum class level : std::uint8_t { error, warning };
  level severity = level::error;
  std::string file{};
  file_position at{};
  std::string message{};  ///< what is wrong
  std::string advice{};   ///< what to do; may be empty
};

/// "file:line:column: what; what to do", with "warning: " before the text of a warning.
[[nodiscard]] std::string to_text(const cluster_problem& problem);
/// One line per problem.
[[nodiscard]] std::string to_text(const std::vector<cluster_problem>& problems);

/// Most problems that are kept of one file; the last one then says that there are more.
inline constexpr std::size_t max_problems = 200;

/// Collects what is wrong with a file. Not thread-safe.
class problem_list {
 public:
  explicit problem_list(std::string file) : file_(std::move(file)) {}

  void error(file_position at, std::string message, std::string advice = {}) {
    add(cluster_problem::level::error, at, std::move(message), std::move(advice));
  }
  void warning(file_position at, std::string message, std::string advice = {}) {
    add(cluster_problem::level::warning, at, std::move(message), std::move(advice));
  }
  [[nodiscard]] std::size_t errors() const noexcept { return errors_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  /// In the order of the file.
  [[nodiscard]] std::vector<cluster_problem> sorted() const;
  /// Throws `invalid_cluster_file` with all problems when there are errors.
  void check() const;

 private:
  void add(cluster_problem::level severity, file_position at, std::string message,
           std::string advice);

  std::string file_;
  std::vector<cluster_problem> problems_;
  std::size_t errors_ = 0;
};

/// An error whose message is problems of a file, which say themselves what to do.
class file_error : public mcp::error {
 public:
  using error::error;
};

/// ", did you mean "x"?" or nothing.
[[nodiscard]] std::string nearest(std::string_view unknown, const std::vector<std::string>& known);

}  // namespace mcp::cluster
