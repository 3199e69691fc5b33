// Two members over a network that delays and breaks anywhere, with restarts of either.
#include "delivery/link.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <map>
#include <random>

using namespace mcp::cluster;
using namespace std::chrono_literals;

namespace {

#ifdef MCP_TEST_SANITIZED
constexpr int worlds = 100;
#else
constexpr int worlds = 500;
#endif
constexpr link_limits small{.payload_bytes = 16,
                            .window = 6,
                            .message_bytes = 400,
                            .queued_bytes = 1'500,
                            .queued_messages = 40};

struct in_flight {
  std::string frame{};
  instant due{0};
};

/// A member: its link, and what its application did.
struct end {
  std::string name;
  std::string peer;
  std::uint64_t incarnation = 1;
  delivery_link link{{"c", name, incarnation}, peer, small};
  std::deque<in_flight> on_its_way{};  ///< towards it, in order
  int accepted = 0;                    ///< messages of this incarnation
  int accepted_for_last = 0;           ///< accepted before the other end's last incarnation was met
  std::uint64_t met = 0;
  std::vector<std::string> taken{};  ///< by this incarnation
  std::vector<std::string> lost{};
};

class world {
 public:
  explicit world(unsigned seed) : chance_(seed) {}

  void run() {
    for (int step = 0; step < 3'000; ++step) {
      now_ += std::chrono::milliseconds{below(300)};
      if (one_in(300)) restart(below(2) == 0 ? a_ : b_);
      trouble();
      for (auto* one : {&a_, &b_}) act(*one, *one == a_ ? b_ : a_, true);
    }
    // All is well from now on, and nobody sends.
    calm_ = true;
    for (int step = 0; step < 400; ++step) {
      now_ += 500ms;
      if (!connected_) connect();
      for (auto* one : {&a_, &b_}) act(*one, *one == a_ ? b_ : a_, false);
    }
    check_end(a_, b_);
    check_end(b_, a_);
  }

 private:
  struct member : end {
    bool operator==(const member& other) const { return name == other.name; }
  };

  unsigned below(unsigned most) { return static_cast<unsigned>(chance_() % most); }
  bool one_in(unsigned many) { return below(many) == 0; }

  void connect() {
    connected_ = true;
    a_.link.connected(now_);
    b_.link.connected(now_);
    a_.on_its_way.clear();
    b_.on_its_way.clear();
  }
  void disconnect() {
    connected_ = false;
    a_.link.disconnected();
    b_.link.disconnected();
  }
  void trouble() {
    if (!connected_ && one_in(4)) connect();
    if (connected_ && one_in(60)) disconnect();
  }
  void restart(member& one) {
    disconnect();
    ++one.incarnation;
    one.link = delivery_link{{"c", one.name, one.incarnation}, one.peer, small};
    one.accepted = one.accepted_for_last = 0;
    one.met = 0;
    one.taken.clear();
    one.lost.clear();
  }

  void act(member& one, member& other, bool sends) {
    if (sends && one_in(2)) send(one);
    while (connected_ && !one.on_its_way.empty() && one.on_its_way.front().due <= now_) {
      const auto frame = std::move(one.on_its_way.front().frame);
      one.on_its_way.pop_front();
      one.link.received(frame, now_);  // neither ever breaks the rules
    }
    note_incarnation(one);
    if (connected_) transmit(one, other);
    if (calm_ || one_in(3)) {
      while (auto message = one.link.next_message()) one.taken.push_back(*message);
    }
    for (auto& message : one.link.take_lost()) one.lost.push_back(std::move(message));
    if (connected_ && one.link.closing(now_)) disconnect();
  }
  void note_incarnation(member& one) {
    if (one.link.peer_incarnation() == one.met) return;
    // Before the first meeting nothing can be lost; later on all that was queued is handed back.
    if (one.met != 0) one.accepted_for_last = one.accepted;
    one.met = one.link.peer_incarnation();
  }
  void send(member& one) {
    auto text = std::to_string(one.incarnation) + ":" + std::to_string(one.accepted) + ":";
    text.resize(text.size() + below(one_in(10) ? 300 : 20), '.');
    if (one.link.send(text)) ++one.accepted;
    if (one.link.queued_bytes() > small.queued_bytes) FAIL("the queue has passed its bound");
  }
  void transmit(member& from, member& to) {
    for (int most = 5; most > 0; --most) {
      auto frame = from.link.next_frame(now_);
      if (!frame) return;
      const auto due = now_ + std::chrono::milliseconds{calm_ ? 0 : below(500)};
      to.on_its_way.push_back({std::move(*frame), due});
    }
  }

  static int number_of(const std::string& message) {
    return std::stoi(message.substr(message.find(':') + 1));
  }
  /// What `to` took of `from`: once, in order; and all of what was sent since they met.
  static void check_end(const member& from, const member& to) {
    std::map<std::string, int> last;
    for (const auto& message : to.taken) {
      const auto sender = message.substr(0, message.find(':'));
      const auto number = number_of(message);
      if (const auto before = last.find(sender); before != last.end()) {
        CHECK(number == before->second + 1);
      }
      last[sender] = number;
    }
    CHECK(from.link.idle());
    const auto mine = last.find(std::to_string(from.incarnation));
    if (from.accepted > from.accepted_for_last) {
      REQUIRE(mine != last.end());
      CHECK(mine->second == from.accepted - 1);
    }
  }

  std::mt19937 chance_;
  instant now_{0};
  bool connected_ = false;
  bool calm_ = false;
  member a_{{.name = "a", .peer = "b"}};
  member b_{{.name = "b", .peer = "a"}};
};

}  // namespace

TEST_CASE("Whatever the network does, messages arrive once and in order", "[delivery]") {
  if (const char* given = std::getenv("MCP_TEST_SEED")) {
    world{static_cast<unsigned>(std::atol(given))}.run();
    return;
  }
  for (unsigned seed = 1; seed <= worlds; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    world{seed}.run();
  }
}
