#pragma once

#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <functional>

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

}  // namespace mcp::test
