#pragma once

namespace mcp::cluster {

/// What the program ends with; docs/cluster-files.md lists them for its users.
enum exit_code : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_bad_file = 3,
  exit_waits = 4,
  exit_no_store = 5,
  exit_lease_lost = 6,
  exit_goes_on = 7,
  exit_interrupted = 130,
};

}  // namespace mcp::cluster
