#include "cli/logging.hpp"

#include "cli/report.hpp"
#include "cli/text.hpp"

#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace mcp::cluster {
namespace {

class function_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit function_sink(std::function<void(const std::string&)> to) : to_(std::move(to)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& entry) override {
    const auto level = spdlog::level::to_string_view(entry.level);
    std::string text{level.data(), level.size()};
    text.append(": ").append(entry.payload.data(), entry.payload.size());
    if (to_) return to_(text);
    std::fputs(("mcp-cluster: " + text + '\n').c_str(), stderr);
  }
  void flush_() override {}

 private:
  std::function<void(const std::string&)> to_;
};

/// A line of text or JSON for each entry.
class line_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  line_sink(log_format format, std::string member) : format_(format), member_(std::move(member)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& entry) override {
    const auto time = time_text(std::chrono::time_point_cast<store_time::duration>(entry.time));
    const auto named = spdlog::level::to_string_view(entry.level);
    const std::string level{named.data(), named.size()};
    const std::string_view message{entry.payload.data(), entry.payload.size()};
    // The log is written by the thread that logs: what it is at, the line is about.
    const auto line = log_line(format_, time, level, message, current_log_fields(), member_);
    std::fputs((line + '\n').c_str(), stderr);
  }
  void flush_() override {}

 private:
  const log_format format_;
  const std::string member_;
};

constexpr std::size_t widest_level = 8;

/// Calls `each` with the fields that are known, in the order in which they are shown.
template <class Each>
void for_each_field(const log_fields& about, Each&& each) {
  const std::pair<const char*, const std::string*> texts[] = {
      {"run", &about.run},   {"thread", &about.thread}, {"graph", &about.graph},
      {"node", &about.node}, {"task", &about.task},     {"agent", &about.agent}};
  for (const auto& [name, text] : texts) {
    if (!text->empty()) each(name, *text);
  }
}

/// As it is, or in quotes where a reader could not tell its end.
std::string log_value(const std::string& text) {
  const auto shown = printable(text);
  return shown.find_first_of(" \"=") == std::string::npos ? shown : nlohmann::json(shown).dump();
}

}  // namespace

void route_log(std::function<void(const std::string&)> to) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<function_sink>(std::move(to)));
  logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

std::string log_line(log_format format, std::string_view time, std::string_view level,
                     std::string_view message, const log_fields& about, const std::string& member) {
  if (format == log_format::json) {
    nlohmann::ordered_json made{{"time", time}, {"level", level}, {"message", message}};
    for_each_field(about, [&](const char* name, const std::string& text) { made[name] = text; });
    if (about.attempt > 0) made["attempt"] = about.attempt;
    const auto& who = about.member.empty() ? member : about.member;
    if (!who.empty()) made["member"] = who;
    return to_line(made);
  }
  auto line = std::string{time} + ' ' + padded(level, widest_level) + ' ' + printable(message);
  for_each_field(about, [&](const char* name, const std::string& text) {
    line += std::string{" "} + name + '=' + log_value(text);
  });
  if (about.attempt > 0) line += " attempt=" + std::to_string(about.attempt);
  return line;
}

void log_lines(log_format format, const std::string& level, std::string member) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<line_sink>(format, std::move(member)));
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace mcp::cluster
