#include "actors/ports.hpp"

#include <chrono>
#include <random>

namespace mcp::actors {
namespace {

class system_clock final : public clock_port {
 public:
  core::instant now() override { return std::chrono::steady_clock::now().time_since_epoch(); }
  store_time wall() override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  std::chrono::nanoseconds since_epoch() override {
    return std::chrono::system_clock::now().time_since_epoch();
  }
  std::uint64_t random() override {
    static thread_local std::mt19937_64 generator = [] {
      std::random_device device;
      std::seed_seq seed{device(), device(), device(), device()};
      return std::mt19937_64{seed};
    }();
    return generator();
  }
};

}  // namespace

std::unique_ptr<clock_port> make_system_clock() {
  return std::make_unique<system_clock>();
}

}  // namespace mcp::actors
