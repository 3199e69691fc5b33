#pragma once

#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <functional>
#include <string>

namespace mcp::test {

/// The code of the error that `function` throws; it has to throw one.
inline errc code_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const error& failure) {
    return failure.code();
  }
  FAIL("nothing was thrown");
  return {};
}

/// The message of the error that `function` throws, which has to have this code.
inline std::string message_of(const std::function<void()>& function, errc code) {
  try {
    function();
  } catch (const error& failure) {
    CHECK(failure.code() == code);
    return failure.message();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace mcp::test
