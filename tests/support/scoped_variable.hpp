#pragma once

#include <cstdlib>
#include <string>
#include <utility>

namespace mcp::test {

/// An environment variable for the length of a test. Set before threads start.
class scoped_variable {
 public:
  scoped_variable(std::string name, const std::string& value) : name_(std::move(name)) {
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  scoped_variable(const scoped_variable&) = delete;
  scoped_variable& operator=(const scoped_variable&) = delete;
  ~scoped_variable() { ::unsetenv(name_.c_str()); }

 private:
  std::string name_;
};

}  // namespace mcp::test
