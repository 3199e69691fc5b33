#pragma once

#include "tools/tool_runner.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace mcp::tools {

/// What the copies of one `tool_set` share.
class tool_table {
 public:
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<tool_runner>, std::less<>> runners;
};

}  // namespace mcp::tools
