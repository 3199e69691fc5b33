#include "io/default_loop.hpp"

#include "io/http_client.hpp"

namespace mcp::io {

event_loop& default_loop() {
  return http_client::shared();
}

}  // namespace mcp::io
