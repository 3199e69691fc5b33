#include "child_process.hpp"
#include "floors.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace bench {
process_cost start_process(const std::string& argument) {
  using clock = std::chrono::steady_clock;
  const clock::time_point start = clock::now();
  const child_process started{{argument}};
  const std::string output = started.first_output();
  const std::chrono::duration<double, std::milli> took = clock::now() - start;
  return {took.count(), std::strtod(output.c_str(), nullptr)};
}

// Not getrusage: its maximum may be that of the process that started this one.
void print_resident() {
  constexpr const char* key = "VmHWM:";
  double kibibytes = 0;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) kibibytes = std::strtod(line.c_str() + std::strlen(key), nullptr);
  }
  std::printf("%.3f\n", kibibytes / 1024);
  std::fflush(stdout);
}

}  // namespace bench
