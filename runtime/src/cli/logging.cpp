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
  explicit line_sink(log_format format) : format_(format) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& entry) override {
    const auto time = time_text(std::chrono::time_point_cast<store_time::duration>(entry.time));
    const auto named = spdlog::level::to_string_view(entry.level);
    const std::string level{named.data(), named.size()};
    const std::string_view message{entry.payload.data(), entry.payload.size()};
    const auto line =
        format_ == log_format::json
            ? to_line({{"time", time}, {"level", level}, {"message", message}})
            : time + ' ' + padded(level, widest_level) + ' ' + printable(message);
    std::fputs((line + '\n').c_str(), stderr);
  }
  void flush_() override {}

 private:
  static constexpr std::size_t widest_level = 8;
  const log_format format_;
};

}  // namespace

void route_log(std::function<void(const std::string&)> to) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<function_sink>(std::move(to)));
  logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

void log_lines(log_format format) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<line_sink>(format));
  logger->set_level(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace mcp::cluster
