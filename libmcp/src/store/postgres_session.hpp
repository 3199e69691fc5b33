#pragma once

#include "store/postgres_connection.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace mcp::store {

/// Where a database is, and how long its absence is borne.
struct postgres_target {
  std::string target{};
  std::string schema{};
  std::string place{};  ///< for people
  std::chrono::milliseconds patience{};
  std::string session{};  ///< what the database calls it; empty: no name of its own
};

/// A connection that is made when it is needed and made again when it is lost. For one thread at a
/// time.
class postgres_session {
 public:
  explicit postgres_session(postgres_target where) : where_(std::move(where)) {}

  /// Calls `function` with a connection. When that is lost, or the database says that the same
  /// might go well another time, calls it again: it must bear that. Throws `mcp::error`; a failure
  /// that it gives up at is given to `translate` first.
  template <class Function>
  auto use(const Function& function,
           const std::function<void(const postgres_failure&)>& translate = {}) {
    using std::chrono::steady_clock;
    const auto give_up = steady_clock::now() + where_.patience;
    auto pause = first_pause;
    for (int passing = 0;;) {
      std::optional<postgres_failure> failed;
      try {
        if (!connection_) connection_.emplace(where_.target, where_.schema, where_.session);
        return function(*connection_);
      } catch (postgres_failure& what) {
        failed = std::move(what);
      } catch (...) {
        connection_.reset();  // in the middle of something, perhaps
        throw;
      }
      if (failed->connection_lost()) {
        connection_.reset();
        if (steady_clock::now() + pause >= give_up) {
          if (translate) translate(*failed);
          throw failed->as_error(where_.place);
        }
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, longest_pause);
        continue;
      }
      if (failed->passing() && ++passing <= most_passing) continue;
      if (translate) translate(*failed);
      throw failed->as_error(where_.place);
    }
  }

 private:
  static constexpr std::chrono::milliseconds first_pause{20};
  static constexpr std::chrono::milliseconds longest_pause{1000};
  static constexpr int most_passing = 5;

  postgres_target where_;
  std::optional<postgres_connection> connection_;
};

}  // namespace mcp::store
