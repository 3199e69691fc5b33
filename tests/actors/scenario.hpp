#pragma once

#include "mcp/mcp.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mcp::test {

/// The state of most scenarios.
struct notes {
  std::string topic{};
  std::string answer{};
  std::vector<std::string> log{};
  std::int64_t count = 0;
};
MCP_STATE(notes, topic, answer, (log, mcp::append), (count, mcp::sum))

using words = std::vector<std::string>;

/// A node that adds one line to the log.
inline auto logs(std::string line) {
  return
      [line = std::move(line)](const notes&) { return update<notes>{}.append(&notes::log, line); };
}

enum class stored_in { nothing, memory, sqlite };

/// A store of its own for one scenario; its file goes with it.
class scenario_store {
 public:
  explicit scenario_store(stored_in where) {
    if (where == stored_in::memory) store_ = in_memory_checkpoint_store();
    if (where == stored_in::sqlite) store_ = sqlite_checkpoint_store(folder_.file("runs.db"));
  }
  [[nodiscard]] executor_options options() const { return {.store = store_}; }

 private:
  temporary_folder folder_;
  std::shared_ptr<checkpoint_store> store_;
};

inline stored_in any_store() {
  return GENERATE(stored_in::nothing, stored_in::memory, stored_in::sqlite);
}
inline stored_in real_store() {
  return GENERATE(stored_in::memory, stored_in::sqlite);
}

/// The code of the error that `call` throws; nothing when it throws none.
template <class Call>
std::optional<errc> code_of(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const error& what) {
    return what.code();
  }
  return std::nullopt;
}

inline bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A door that stays shut until it is opened; opening twice is allowed. It opens before it goes, and
/// waits for whoever stands in it: an executor does not wait for the threads of blocking nodes.
class door {
 public:
  door() = default;
  ~door() {
    open();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ == 0; });
  }
  door(const door&) = delete;
  door& operator=(const door&) = delete;

  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() const {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable int waiting_ = 0;
  bool open_ = false;
};

/// Opens the door when the scope ends, so that no node waits for ever after a failed check.
class opens_at_end {
 public:
  explicit opens_at_end(door& which) : which_(which) {}
  ~opens_at_end() { which_.open(); }
  opens_at_end(const opens_at_end&) = delete;
  opens_at_end& operator=(const opens_at_end&) = delete;

 private:
  door& which_;
};

}  // namespace mcp::test
