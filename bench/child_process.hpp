#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace bench {

/// This program once more, with arguments. Its standard input is open as long as this object lives.
class child_process {
 public:
  /// Throws `std::runtime_error`.
  explicit child_process(std::vector<std::string> arguments);
  /// Closes its input, and waits for its end.
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// The first output: what was written at once. Throws `std::runtime_error` when there is none.
  [[nodiscard]] std::string first_output() const;

 private:
  int input_ = -1;
  int output_ = -1;
  pid_t process_ = 0;
};

/// In such a process: waits until the other one lets go of it.
void wait_for_end_of_input();

}  // namespace bench
