#include "cli/stopping.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

constexpr std::chrono::milliseconds look_every{20};
/// For the end of a superstep, and then for runs to be left.
constexpr std::chrono::seconds last_wait{5};

}  // namespace

last_resort::~last_resort() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void last_resort::arm(std::chrono::milliseconds within, int code) {
  thread_ = std::thread{[this, within, code] {
    std::unique_lock lock{mutex_};
    if (changed_.wait_for(lock, within, [this] { return over_; })) return;
    spdlog::warn(
        "ends without waiting any longer: some node's code, or the store, does not return");
    spdlog::default_logger_raw()->flush();
    ::_exit(code);
  }};
}

bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds within,
                const stop_signals& signals) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!done()) {
    if (signals.count() > 1 || std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(look_every);
  }
  return true;
}

void let_runs_end(serve_desk& desk, std::chrono::milliseconds patience,
                  const stop_signals& signals) {
  desk.close();
  spdlog::info("stopping: {} runs are under way, and have {} s", desk.running(),
               std::chrono::duration_cast<std::chrono::seconds>(patience).count());
  // Those that are just being accepted, too.
  const auto ended = [&] { return desk.wait_for_runs(std::chrono::milliseconds{0}); };
  if (wait_until(ended, patience, signals)) return;
  const char* const next = desk.keeps_runs() ? "go on with the next server, or another one"
                                             : "are lost: the store ends with this process";
  if (signals.count() < 2) {
    spdlog::warn("{} runs stop at the end of their superstep, and {}", desk.running(), next);
    desk.hand_over(false);
    if (wait_until(ended, last_wait, signals)) return;
  }
  spdlog::warn("{} runs are left where they are, and {}", desk.running(), next);
  desk.hand_over(true);
  static_cast<void>(desk.wait_for_runs(last_wait));
}

void trouble_log::look(const std::string& trouble) {
  if (trouble.empty() != away_) return;
  away_ = !trouble.empty();
  if (away_) {
    spdlog::warn("the store is away: {}; what runs write waits for it", trouble);
  } else {
    spdlog::info("the store is back");
  }
}

}  // namespace mcp::cluster
