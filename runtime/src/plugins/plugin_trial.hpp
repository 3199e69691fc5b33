#pragma once

#include <chrono>
#include <string>

/// A plugin is tried in a process of its own first: what crashes, hangs, throws or exits there does
/// no harm here.
namespace mcp::cluster {

struct trial_options {
  std::string program{};  ///< runs as `PROGRAM plugin trial FILE`, which calls `answer_trial`
  std::chrono::milliseconds patience{10'000};
};

/// Returns when the file can be opened here. Throws `invalid_plugin` with the reason, which ends
/// with what the plugin printed on standard error, 2,000 bytes at most; `connection_failed` when
/// the process cannot be started.
void try_plugin(const std::string& file, const trial_options& how);

/// The other side: opens the file and tells `try_plugin`. Returns the exit code of the process.
[[nodiscard]] int answer_trial(const std::string& file);

}  // namespace mcp::cluster
