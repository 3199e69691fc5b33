#include "net/caf.hpp"

namespace mcp::cluster {

cluster_actors_config::cluster_actors_config() {
  add_message_types<caf::id_block::mcp_cluster>();
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{2});
  set("scheduler.max-throughput", std::size_t{100});
  load<caf::io::middleman>();
}

}  // namespace mcp::cluster
