#include "members/cluster_worker.hpp"

#include "members/encryption.hpp"
#include "members/posted.hpp"
#include "members/worker_actor.hpp"

#include <algorithm>
#include <thread>

namespace mcp::cluster {
namespace {

constexpr std::size_t slots_per_processor = 4;
constexpr std::size_t most_threads = 64;
constexpr std::size_t errand_threads = 2;

[[noreturn]] void refuse_second(const loaded_plugin& one, const std::string& other) {
  throw error{errc::invalid_plugin, (one.file.empty() ? "" : one.file + ": ") + "version " +
                                        one.version + " of the plugin \"" + one.name +
                                        "\", of which the worker has version " + other +
                                        " already; have another worker bring one of them"};
}

worker_settings settings_of(worker_options options) {
  if (options.slots == 0) {
    options.slots = slots_per_processor * std::max(1U, std::thread::hardware_concurrency());
  }
  auto tls = source_of(options.tls, options.server, tls_role::connects);
  offer_message offer{.program = MCP_VERSION, .labels = options.labels, .slots = options.slots};
  options.load.plugins = opened(std::move(options.load.plugins));
  plugins_message plugins;
  for (const auto& one : options.load.plugins.built_in) {
    const auto [known, fresh] = plugins.versions.emplace(one->name, one->version);
    if (!fresh) refuse_second(*one, known->second);
    offer.plugins.insert(one->name);
  }
  return {.cluster = options.cluster,
          .name = options.name,
          .server = options.server,
          .tls = std::move(tls),
          .offer = std::move(offer),
          .plugins = std::move(plugins),
          .link = options.link,
          .load =
              [load = std::move(options.load)](const system_message& system) {
                return worker_system::load(system.name, system.text, load);
              },
          .spans = std::move(options.spans)};
}

}  // namespace

struct cluster_worker::parts {
  explicit parts(worker_settings settings)
      : threads(std::min<std::size_t>(settings.offer.slots, most_threads)),
        nodes(threads),
        actor(system, std::move(settings), std::ref(nodes), std::ref(errands)) {}

  cluster_actors_config config{};
  boost::asio::thread_pool threads;  ///< for nodes
  node_queue nodes;
  boost::asio::thread_pool errands{errand_threads};
  caf::actor_system system{config};
  posted<worker_actor> actor;
};

cluster_worker::cluster_worker(worker_options options)
    : parts_(std::make_unique<parts>(settings_of(std::move(options)))) {}

cluster_worker::~cluster_worker() {
  parts_->actor.end();
  parts_->errands.join();
  parts_->threads.join();
}

worker_status cluster_worker::status() const {
  return parts_->actor.call([](worker_actor& actor) { return actor.status(); });
}

void cluster_worker::leave(const std::string& reason) {
  parts_->actor.post([reason](worker_actor& actor) { actor.leave(reason); });
}

}  // namespace mcp::cluster
