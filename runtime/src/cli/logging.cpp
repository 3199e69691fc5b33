#include "cli/logging.hpp"

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

}  // namespace

void route_log(std::function<void(const std::string&)> to) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<function_sink>(std::move(to)));
  logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace mcp::cluster
