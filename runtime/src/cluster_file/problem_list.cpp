#include "cluster_file/problem_list.hpp"

#include "mcp/codec.hpp"
#include "mcp/error.hpp"

#include <algorithm>
#include <tuple>

namespace mcp::cluster {

std::string to_text(const cluster_problem& problem) {
  auto text = problem.file;
  if (problem.at.line > 0) {
    text += ":" + std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column);
  }
  text += problem.severity == cluster_problem::level::warning ? ": warning: " : ": ";
  text += problem.message;
  if (!problem.advice.empty()) text += "; " + problem.advice;
  return text;
}

std::string to_text(const std::vector<cluster_problem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "\n") + to_text(problem);
  return text;
}

void problem_list::add(cluster_problem::level severity, file_position at, std::string message,
                       std::string advice) {
  if (severity == cluster_problem::level::error) ++errors_;
  if (problems_.size() == max_problems) return;
  if (problems_.size() + 1 == max_problems) {
    message = "there are more problems than the " + std::to_string(max_problems) + " shown";
    advice = "correct those first";
    at = {};
    severity = cluster_problem::level::error;
  }
  problems_.push_back({severity, file_, at, std::move(message), std::move(advice)});
}

std::vector<cluster_problem> problem_list::sorted() const {
  auto result = problems_;
  std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  return result;
}

void problem_list::check() const {
  if (errors_ == 0) return;
  throw mcp::error{errc::invalid_cluster_file, to_text(sorted())};
}

std::string nearest(std::string_view unknown, const std::vector<std::string>& known) {
  return detail::suggestion(unknown, {known.begin(), known.end()});
}

}  // namespace mcp::cluster
