#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace bench {

/// What the figures depend on: cores, processor, compiler, build type, the file system in use.
[[nodiscard]] std::string machine_line();

/// An aligned table for people, one line a row, with a count of the targets met.
[[nodiscard]] std::string table(const std::vector<row>& rows);

/// One JSON object for programs: `row`, `value`, `unit`, `floor`, `ratio`, `target`, `met`. What
/// was not measured is null.
[[nodiscard]] std::string json_line(const row& measured);

}  // namespace bench
