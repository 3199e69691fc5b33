#include "members/cluster_server.hpp"

#include "members/dispatcher.hpp"
#include "members/encryption.hpp"
#include "members/posted.hpp"
#include "net/pipe.hpp"

namespace mcp::cluster {
namespace {

constexpr std::size_t effect_threads = 4;

std::uint64_t new_incarnation() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

}  // namespace

struct cluster_server::parts {
  cluster_actors_config config{};
  boost::asio::thread_pool errands{effect_threads};
  caf::actor_system system{config};
  caf::actor door{};
  posted<dispatcher> desk{};
};

std::shared_ptr<cluster_server> cluster_server::start(server_options options) {
  return std::shared_ptr<cluster_server>{new cluster_server{std::move(options)}};
}

cluster_server::cluster_server(server_options options)
    : address_(options.listen), parts_(std::make_unique<parts>()) {
  auto tls = source_of(options.tls, options.listen, tls_role::accepts);
  const auto [socket, port] = listen_on(options.listen);
  address_.port = port;
  auto& system = parts_->system;
  parts_->desk = posted<dispatcher>{
      system, member_identity{options.cluster, options.name, new_incarnation()},
      dispatcher_limits{options.placement, options.link, options.strangers, options.grace},
      std::ref(parts_->errands)};
  parts_->door = system.middleman().spawn_broker(door, socket, parts_->desk.actor(), tls);
}

cluster_server::~cluster_server() {
  parts_->desk.call([](dispatcher& desk) {
    desk.stop(error{errc::shutting_down, "the server is stopping"});
    return true;
  });
  caf::anon_send(parts_->door, close_message{});
  parts_->desk.end();
  parts_->errands.join();
  parts_->door = nullptr;
}

void cluster_server::keep_pins(pin_keeper keeper) {
  parts_->desk.post([keeper = std::move(keeper)](dispatcher& desk) { desk.keep_pins(keeper); });
}

void cluster_server::add_system(std::string hash, std::string name, std::string text) {
  parts_->desk.post([system = system_message{std::move(hash), std::move(name), std::move(text)}](
                        dispatcher& desk) { desk.add_system(system); });
}

void cluster_server::remove_system(std::string hash) {
  parts_->desk.post([hash = std::move(hash)](dispatcher& desk) { desk.remove_system(hash); });
}

std::vector<member_status> cluster_server::members() const {
  return parts_->desk.call([](dispatcher& desk) { return desk.members(); });
}

std::size_t cluster_server::waiting() const {
  return parts_->desk.call([](dispatcher& desk) { return desk.waiting(); });
}

std::vector<worker_want> cluster_server::wants() const {
  return parts_->desk.call([](dispatcher& desk) { return desk.wants(); });
}

std::map<std::string, std::string> cluster_server::wants_of_runs() const {
  return parts_->desk.call([](dispatcher& desk) { return desk.wants_of_runs(); });
}

bool cluster_server::drain(const std::string& member) {
  return parts_->desk.call([&](dispatcher& desk) { return desk.drain(member); });
}

void cluster_server::submit(std::shared_ptr<remote_call> call) {
  parts_->desk.post([call = std::move(call)](dispatcher& desk) { desk.submit(call); });
}

void cluster_server::withdraw(std::shared_ptr<remote_call> call) {
  call->withdrawn.store(true, std::memory_order_release);
  parts_->desk.post([call = std::move(call)](dispatcher& desk) { desk.withdraw(call); });
}

void cluster_server::submit(std::shared_ptr<remote_agent_call> call) {
  parts_->desk.post([call = std::move(call)](dispatcher& desk) { desk.submit(call); });
}

void cluster_server::withdraw(std::shared_ptr<remote_agent_call> call) {
  parts_->desk.post([call = std::move(call)](dispatcher& desk) { desk.withdraw(call); });
}

void cluster_server::answer(std::shared_ptr<remote_agent_call> call, agent_answer_message answer) {
  parts_->desk.post([call = std::move(call), answer = std::move(answer)](dispatcher& desk) {
    desk.answer(call, answer);
  });
}

}  // namespace mcp::cluster
