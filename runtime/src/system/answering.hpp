#pragma once

#include "mcp/node.hpp"

#include <exception>
#include <utility>

namespace mcp::cluster {

/// Answers for an asynchronous node, and turns what is thrown on the way into its failure.
template <class Make>
void answer(reply_port& port, Make make) {
  node_result result;
  try {
    result = make();
  } catch (const error& reason) {
    port.fail({.error = reason});
    return;
  } catch (const std::exception& reason) {
    port.fail({.error = error{errc::node_failed, reason.what()}});
    return;
  }
  port.done(std::move(result));
}

}  // namespace mcp::cluster
