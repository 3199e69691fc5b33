#pragma once

#include "cluster/agent_states.hpp"
#include "cluster/membership.hpp"
#include "cluster/remote_nodes.hpp"
#include "members/cluster_server.hpp"
#include "members/stranger_log.hpp"
#include "net/cluster_actor.hpp"
#include "system/remote_agents.hpp"

#include <deque>
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

namespace mcp::cluster {

struct dispatcher_limits {
  placement_limits placement{};
  link_limits link{};
  std::size_t strangers = 64;           ///< connections that have not said hello
  std::chrono::milliseconds grace{50};  ///< for a member to come back before its tasks go elsewhere
  std::size_t pinned_runs = 10'000;     ///< whose versions of plugins are remembered here
};

/// The server's actor: it owns the links to the workers, the calls, and what is decided about them.
class dispatcher final : public cluster_actor {
 public:
  /// `errands` does what waits for a store; it outlives the actor.
  dispatcher(caf::actor_config& config, member_identity self, dispatcher_limits limits,
             boost::asio::thread_pool& errands);
  ~dispatcher() override;

  caf::behavior make_behavior() override;
  void on_exit() override;

  // For `task_posted` only: on the actor's thread of control.
  void submit(std::shared_ptr<remote_call> call);
  void withdraw(const std::shared_ptr<remote_call>& call);
  void submit(std::shared_ptr<remote_agent_call> call);
  void withdraw(const std::shared_ptr<remote_agent_call>& call);
  void answer(const std::shared_ptr<remote_agent_call>& call, agent_answer_message what);
  void keep_pins(pin_keeper keeper) { keeper_ = std::move(keeper); }
  void add_system(system_message system);
  void remove_system(const std::string& hash);
  /// False: there is no such member.
  bool drain(const std::string& name);
  [[nodiscard]] std::vector<member_status> members() const;
  [[nodiscard]] std::size_t waiting() const noexcept { return placement_.waiting(); }
  [[nodiscard]] std::vector<worker_want> wants() const;
  /// What runs wait for that no member has, by run.
  [[nodiscard]] std::map<std::string, std::string> wants_of_runs() const;
  /// Every call fails with this, now and later.
  void stop(const error& reason);

 private:
  void settled() override { act(); }

  using member_id = placement::member_id;
  struct stranger {
    caf::actor pipe{};
    std::string address{};
    instant since{0};
  };
  using errand_strand = boost::asio::strand<boost::asio::thread_pool::executor_type>;
  struct open_call {
    std::shared_ptr<remote_call> call{};         ///< of a node, or
    std::shared_ptr<remote_agent_call> agent{};  ///< of an agent
    std::uint64_t number = 0;                    ///< on the wire, of its last placement
    state_shipper::number state = 0;  ///< of a node; 0: it has none, or was not placed yet
    bool cancelled = false;           ///< of an agent: nobody wants it any more
    bool unpinned = false;            ///< of a node: its run has no version of some plugin yet
    /// What waits for a store, one after another: also when the task has changed its worker.
    errand_strand errands;
    std::map<std::string, std::int64_t> held{};  ///< of the budget, by the attempt of a node

    void fail(const error& reason) const;
    /// The worker is gone, or the task is over: nobody will release it.
    void release_holds();
  };
  struct member {
    member_id id = 0;
    std::string name{};
    std::string address{};
    std::string program{};
    plugin_versions versions{};  ///< said before the offer
    delivery_link link;
    caf::actor pipe{};  ///< null: not connected
    bool offered = false;
    bool leaves = false;
    std::deque<std::string> outbox{};        ///< what the link has no place for yet
    std::map<std::string, bool> systems{};   ///< that it has; whether it knows that they remember
    std::deque<std::string> told_systems{};  ///< those, in the order in which it was told
    std::unordered_map<std::uint64_t, placement::task_id> at_work{};  ///< by number on the wire
  };

  void opened(const pipe_opened& what);
  void arrived(const pipe_frames& what);
  void closed(const pipe_closed& what);
  void tick();
  void make_room_for_a_stranger();
  /// Says in the log what tasks wait for that no member has.
  void look_at_wants();

  void greet(stranger from, const pipe_frames& what);
  /// Null: it was given up.
  [[nodiscard]] member* member_for(const hello_frame& hello);
  void hear(member& from, const std::vector<std::string>& frames);
  void pump(member& of);
  void disconnect(member& of);
  void remove(member_id id, const std::string& why);

  void take(member& from, const std::string& bytes);
  void take(member& from, offer_message offer);
  void take(member& from, result_message result);
  void take(member& from, wish_message wish);
  void take(member& from, note_message note);
  void take(member& from, const leaving_message& leaving);
  void take(member& from, agent_turn_message turn);
  void take(member& from, plugins_message plugins);
  void answer(member& to, told_message told);
  /// Bytes that do not fit a message become its failure.
  void fit(std::optional<std::string>& bytes, std::optional<failure_item>& failure) const;
  void answer_later(member_id to, told_message told);
  /// Of a node. Null: there is none, or it was withdrawn.
  [[nodiscard]] open_call* call_of(const member& from, std::uint64_t number);
  void say(member& to, const server_message& what);

  void act();
  void say_forgotten();
  void start(placement::task_id task, member_id at);
  void say_node_task(member& to, open_call& open);
  void say_agent_task(member& to, open_call& open);
  void refuse(placement::refuse& refusal);
  void submit(open_call call, task_demand demand, member_id rather);

  /// The versions of plugins that a run goes by.
  struct pinned_run {
    plugin_versions versions{};
    bool known = false;  ///< also those that are kept
    bool busy = false;   ///< somebody looks them up, or keeps them
    std::deque<std::shared_ptr<remote_call>> waiting{};
  };
  [[nodiscard]] pinned_run& pins_of(const std::string& run_id);
  /// Submits what waits for the versions of its run, or has them looked up and kept first.
  void submit_pinned(const std::string& run_id);
  void settle_pins(const remote_call& of, plugin_versions fresh);
  void settled_pins(const std::string& run_id, const plugin_versions& versions,
                    const std::optional<error>& failed);

  void withdraw(const void* call);
  [[nodiscard]] errand_strand errands() const {
    return boost::asio::make_strand(errands_.get_executor());
  }
  /// Tells workers of messages that nobody waits for any more.
  void look_at_agents();
  /// The member has this file, and knows whether its runs have a memory.
  void say_system(member& to, const std::string& hash, bool remembers);
  /// Forgets the call; the caller answers it.
  [[nodiscard]] open_call close_call(placement::task_id task);

  member_identity self_;
  dispatcher_limits limits_;
  membership membership_;
  placement placement_;
  state_shipper states_;
  struct known_system {
    system_message file{};
    std::size_t added = 0;
  };
  std::map<std::string, known_system> systems_;
  std::map<caf::actor_id, stranger> strangers_;
  stranger_log about_strangers_;
  std::set<std::string> told_wants_;  ///< what tasks need that no member has
  std::map<member_id, std::unique_ptr<member>> members_;
  std::map<caf::actor_id, member_id> by_pipe_;
  std::unordered_map<placement::task_id, open_call> calls_;
  std::unordered_map<const void*, placement::task_id> by_call_;
  std::set<placement::task_id> agent_calls_;
  std::vector<std::shared_ptr<remote_agent_call>> again_;  ///< to be submitted once more
  pin_keeper keeper_;                                      ///< null: pins end with the process
  std::unordered_map<std::string, pinned_run> pins_;       ///< by run
  std::deque<std::string> pinned_;  ///< runs, in the order in which they came
  agent_homes homes_;
  std::size_t ticks_ = 0;
  placement::task_id last_task_ = 0;
  std::uint64_t last_number_ = 0;
  boost::asio::thread_pool& errands_;
  std::set<member_id> stirred_;  ///< something was said to them
  std::optional<error> stopped_;
};

}  // namespace mcp::cluster
