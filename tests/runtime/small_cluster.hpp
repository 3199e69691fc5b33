#pragma once

#include "members/cluster_server.hpp"
#include "members/cluster_worker.hpp"
#include "plugins/plugin_rules.hpp"

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace mcp::test {

/// A server and workers in this process, over loopback. The workers have the test's plugin.
class small_cluster {
 public:
  explicit small_cluster(const plugin_manifest& plugin, const cluster::server_options& options = {})
      : server(cluster::cluster_server::start(options)), plugin_(plugin), link_(options.link) {}

  cluster::cluster_worker& add(const std::string& name, std::size_t slots = 2,
                               std::map<std::string, std::string> labels = {},
                               std::shared_ptr<span_sink> spans = nullptr) {
    cluster::worker_options options{
        .name = name, .server = server->address(), .labels = std::move(labels), .slots = slots};
    options.link = link_;
    options.spans = std::move(spans);
    options.load.plugins.built_in.push_back(cluster::load_plugin(plugin_));
    workers.push_back(std::make_unique<cluster::cluster_worker>(options));
    return *workers.back();
  }
  [[nodiscard]] cluster::load_options options() const {
    cluster::load_options made;
    made.workers = server;
    return made;
  }

  std::shared_ptr<cluster::cluster_server> server;
  std::vector<std::unique_ptr<cluster::cluster_worker>> workers;

 private:
  const plugin_manifest& plugin_;
  cluster::link_limits link_;
};

/// Polls what another process would see; the machine's load decides how often.
template <class Ready>
void eventually(Ready ready) {
  while (!ready()) std::this_thread::yield();
}

}  // namespace mcp::test
