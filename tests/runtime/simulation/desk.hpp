#pragma once

#include "cluster/membership.hpp"
#include "cluster/state_shipper.hpp"
#include "delivery/link.hpp"
#include "runtime/simulation/world.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mcp::simulation {

/// Small, so that bounds are met.
constexpr cluster::link_limits small_link{.payload_bytes = 256,
                                          .window = 4,
                                          .message_bytes = 1'000,
                                          .queued_bytes = 1'500,
                                          .queued_messages = 5};
constexpr std::size_t most_slots = 4;

/// A frame as a member of that version of the wire sends or reads it.
[[nodiscard]] std::string spoken(std::string frame, std::uint64_t version);
/// What only members of version 2 may be told.
inline const std::string news_of_version_2 = "news";

struct task_call {
  int run = 0;
  int step = 0;
  int index = 0;
  std::shared_ptr<const int> state{};  ///< of the step; who it is, is what counts

  [[nodiscard]] std::string key() const {
    return std::to_string(run) + '/' + std::to_string(step) + '/' + std::to_string(index);
  }
};

/// A server's side of its members, as the dispatcher does it: the same machines, and virtual time.
class desk {
 public:
  struct ports {
    std::function<void(const task_call&, std::optional<std::int64_t>)> ended{};
    std::function<std::optional<std::string>(const task_call&)> find_effect{};
    std::function<void(const task_call&, const std::string&, std::function<void()>)> keep_effect{};
    std::function<void(const std::string&)> violated{};
  };

  desk(process& owner, cluster::member_identity self, std::uint64_t version, ports to);

  void accept(const std::shared_ptr<connection>& from);
  void submit(task_call call);
  void close();
  [[nodiscard]] std::size_t members() const noexcept { return members_.size(); }
  [[nodiscard]] std::size_t most_behind() const noexcept { return most_behind_; }

 private:
  using member_id = cluster::membership::member_id;
  using task_id = cluster::placement::task_id;
  struct member {
    member_id id = 0;
    cluster::delivery_link link;
    std::shared_ptr<connection> way{};  ///< null: not connected
    std::deque<std::string> outbox{};
    std::map<std::uint64_t, task_id> at_work{};
    std::optional<instant> wakes{};
  };
  struct open_call {
    task_call call{};
    std::uint64_t number = 0;
    cluster::state_shipper::number state = 0;
    std::deque<std::function<void()>> errands{};  ///< one after another
  };

  void tick();
  void heard(connection* from, const std::string& frame);
  void broken(connection* from);
  [[nodiscard]] std::shared_ptr<connection> take_stranger(const connection* who);
  [[nodiscard]] member* greet(connection* from, const std::string& frame);
  void pump(member& of);
  void wake(member& of);
  void disconnect(member& of);
  void remove(member_id id);
  void take(member& from, const std::string& bytes);
  void take_wish(member& from, const cluster::wish_message& wish);
  void errand(task_id task, std::function<void()> what);
  void errand_done(task_id task);
  void answer(member_id to, const cluster::told_message& told);
  void say(member& to, std::string bytes);
  void act();
  void start(task_id task, member_id at);
  [[nodiscard]] task_call close_call(task_id task);

  process& owner_;
  cluster::member_identity self_;
  std::uint64_t version_;
  ports ports_;
  cluster::membership membership_;
  cluster::placement placement_;
  cluster::state_shipper states_{100};
  std::vector<std::shared_ptr<connection>> strangers_;
  std::map<connection*, member_id> by_way_;
  std::map<member_id, std::unique_ptr<member>> members_;
  std::map<task_id, open_call> calls_;
  std::set<member_id> stirred_;
  task_id last_task_ = 0;
  std::uint64_t last_number_ = 0;
  std::size_t most_behind_ = 0;
};

}  // namespace mcp::simulation
