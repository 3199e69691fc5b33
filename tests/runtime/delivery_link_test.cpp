#include "delivery/link.hpp"
#include "support/catch.hpp"
#include "support/code_of.hpp"

using namespace mcp;
using namespace mcp::cluster;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using mcp::test::code_of;
using texts = std::vector<std::string>;

namespace {

constexpr link_limits small{.payload_bytes = 4,
                            .window = 4,
                            .message_bytes = 100,
                            .queued_bytes = 200,
                            .queued_messages = 20};

member_identity member(const std::string& name, std::uint64_t incarnation = 1) {
  return {"c", name, incarnation};
}

/// Two ends and a connection that falls silent when it is told to.
struct pair_of_links {
  delivery_link a{member("a"), "b", small};
  delivery_link b{member("b"), "a", small};
  instant now{0};
  bool silent = false;

  void connect() {
    a.connected(now);
    b.connected(now);
    run();
  }
  void break_connection() {
    a.disconnected();
    b.disconnected();
  }
  bool move(delivery_link& from, delivery_link& to) {
    const auto frame = from.next_frame(now);
    if (frame && !silent) to.received(*frame, now);
    return frame.has_value();
  }
  void run() {
    for (bool more = true; more;) {
      more = move(a, b);
      more = move(b, a) || more;
    }
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    run();
  }
};

texts all_of(delivery_link& link) {
  texts all;
  while (auto one = link.next_message()) all.push_back(*one);
  return all;
}
/// Says hello to `link` as the member a, and what it has.
void greet(delivery_link& link, std::uint64_t incarnation = 1, ack_frame has = {0, 4}) {
  link.received(encode_frame(hello_frame{.cluster = "c", .name = "a", .incarnation = incarnation}),
                0ns);
  link.received(encode_frame(has), 0ns);
}
texts frames_of(delivery_link& link) {
  texts all;
  while (auto one = link.next_frame(0ns)) all.push_back(*one);
  return all;
}

}  // namespace

TEST_CASE("Frames come back as they were", "[delivery]") {
  for (const frame& one :
       {frame{hello_frame{1, 3, "c", "name", 7}}, frame{data_frame{9, true, "abc"}},
        frame{data_frame{1, false, ""}}, frame{ack_frame{5, 1'000'000}}, frame{bye_frame{"why"}}}) {
    CHECK((decode_frame(encode_frame(one)) == one));
  }
}

TEST_CASE("What is no frame is refused, and later versions may add items", "[delivery]") {
  const auto refused = [](std::string_view bytes) {
    return code_of([&] { static_cast<void>(decode_frame(bytes)); }) == errc::malformed_answer;
  };
  CHECK(refused(""));
  CHECK(refused("GET / HTTP/1.1"));
  CHECK(refused("\x80"));          // an empty array
  CHECK(refused("\x81\x09"));      // a kind that is not known
  CHECK(refused("\x82\x02\x01"));  // an ack with one item
  CHECK(refused(std::string("\x83\x02\x01\x01") + "x"));
  CHECK(refused(encode_frame(data_frame{1, false, std::string(max_frame_payload + 1, 'x')})));
  CHECK(refused(encode_frame(hello_frame{.cluster = "c", .name = "", .incarnation = 1})));
  CHECK(refused(
      encode_frame(hello_frame{.cluster = std::string(201, 'c'), .name = "a", .incarnation = 1})));
  CHECK((decode_frame("\x84\x02\x01\x02\xf6") == frame{ack_frame{1, 2}}));
}

TEST_CASE("Messages arrive whole and in order, both ways", "[delivery]") {
  pair_of_links both;
  CHECK(both.a.send("before there is a connection"));
  CHECK(both.a.version() == 0);
  both.connect();
  CHECK(both.a.open());
  CHECK(both.a.version() == highest_wire_version);
  CHECK(both.a.send(""));
  CHECK(both.b.send("four"));
  CHECK(both.b.send(std::string(100, 'x')));  // 25 frames, the window is 4
  both.run();
  CHECK(all_of(both.b) == texts{"before there is a connection", ""});
  CHECK(all_of(both.a) == texts{"four"});
  both.run();
  CHECK(all_of(both.a) == texts{std::string(100, 'x')});
  both.pass(1s);
  CHECK(both.a.idle());
  CHECK(both.b.idle());
}

TEST_CASE("A receiver that takes nothing stops its sender, which says when it is full",
          "[delivery]") {
  pair_of_links both;
  both.connect();
  int sent = 0;
  while (both.a.send("four")) ++sent;
  CHECK(sent == 20);  // queued_messages
  both.run();
  both.pass(2s);
  CHECK(both.a.queued_bytes() == 16 * 4);  // all but a window
  CHECK(both.a.send(std::string(100, 'x')));
  CHECK_FALSE(both.a.send(std::string(100, 'x')));  // queued_bytes
  CHECK(code_of([&] { static_cast<void>(both.a.send(std::string(101, 'x'))); }) == errc::too_large);
  texts all;
  while (!both.a.idle()) {
    const auto more = all_of(both.b);
    all.insert(all.end(), more.begin(), more.end());
    both.pass(1s);
  }
  CHECK(all.size() + all_of(both.b).size() == 21);
}

TEST_CASE("What a connection lost is sent again on the next one", "[delivery]") {
  pair_of_links both;
  both.connect();
  CHECK(both.a.send("one"));
  both.silent = true;
  both.run();
  both.silent = false;
  both.break_connection();
  CHECK(all_of(both.b).empty());
  both.connect();
  CHECK(all_of(both.b) == texts{"one"});

  CHECK(both.a.send("a long message"));
  CHECK(both.move(both.a, both.b));  // the first piece arrives, nothing else
  both.break_connection();
  CHECK(both.a.send("two"));
  both.connect();
  CHECK(all_of(both.b) == texts{"a long message", "two"});
  both.break_connection();
  both.connect();
  CHECK(all_of(both.b).empty());
  CHECK(both.a.take_lost().empty());
}

TEST_CASE("What an earlier incarnation may have had is handed back", "[delivery]") {
  pair_of_links both;
  both.connect();
  CHECK(both.a.send("acknowledged"));
  both.pass(1s);
  CHECK(both.a.idle());
  CHECK(both.a.send("a long message"));
  CHECK(both.move(both.a, both.b));
  both.break_connection();
  CHECK(both.a.send("not sent"));
  both.b = delivery_link{member("b", 2), "a", small};
  both.connect();
  CHECK(both.a.take_lost() == texts{"a long message", "not sent"});
  CHECK(both.a.queued_bytes() == 0);
  CHECK(both.a.peer_incarnation() == 2);
  CHECK(both.a.send("new"));
  both.run();
  CHECK(all_of(both.b) == texts{"new"});
}

TEST_CASE("Messages of an earlier incarnation that nobody took count in the window", "[delivery]") {
  delivery_link link{member("b"), "a", small};
  for (std::uint64_t incarnation = 1; incarnation < 10; ++incarnation) {
    link.connected(0ns);
    greet(link, incarnation);
    static_cast<void>(frames_of(link));
    try {
      for (std::uint64_t number = 1; number < 10; ++number) {
        link.received(encode_frame(data_frame{number, false, "x"}), 0ns);
      }
    } catch (const error&) {
    }
  }
  CHECK(all_of(link).size() == small.window);
}

TEST_CASE("Strangers are told why they are not let in", "[delivery]") {
  const auto answer_to = [](hello_frame hello) {
    delivery_link link{member("b"), "a", small};
    link.connected(0ns);
    static_cast<void>(frames_of(link));
    link.received(encode_frame(hello), 0ns);
    const auto frames = frames_of(link);
    REQUIRE(frames.size() == 1);
    const auto last = decode_frame(frames.front());
    const auto* bye = std::get_if<bye_frame>(&last);
    REQUIRE((bye == nullptr) == !link.closing(0ns));
    if (bye != nullptr) CHECK(link.closing(0ns) == bye->reason);
    return bye == nullptr ? std::string{} : bye->reason;
  };
  const hello_frame good{.cluster = "c", .name = "a", .incarnation = 1};
  CHECK(answer_to(good).empty());
  auto other = good;
  other.lowest = 3;
  other.highest = 9;
  CHECK_THAT(answer_to(other), Contains("speaks versions 3 to 9 of the wire, member \"b\" 1 to 2"));
  other = good;
  other.cluster = "d";
  CHECK_THAT(answer_to(other), Contains("is of the cluster \"d\""));
  other = good;
  other.name = "b";
  CHECK_THAT(answer_to(other), Contains("both members have the name"));
  other.name = "x";
  CHECK_THAT(answer_to(other), Contains("\"x\" answers where \"a\" is expected"));

  delivery_link link{member("b"), "a", small};
  link.connected(0ns);
  greet(link, 5);
  link.connected(0ns);
  greet(link, 4);
  CHECK_THAT(link.closing(0ns).value_or(""), Contains("has started again since"));
}

TEST_CASE("Both ends take the highest version that both speak", "[delivery]") {
  const auto taken = [](std::uint64_t lowest, std::uint64_t highest) {
    delivery_link link{member("b"), "a", small};
    link.connected(0ns);
    link.received(encode_frame(hello_frame{lowest, highest, "c", "a", 1}), 0ns);
    CHECK(link.closing(0ns).has_value() == (link.version() == 0));
    return link.version();
  };
  CHECK(taken(1, 1) == 1);
  CHECK(taken(1, 2) == 2);
  CHECK(taken(2, 9) == 2);
  CHECK(taken(1, 9) == 2);
  CHECK(taken(3, 9) == 0);
  CHECK(taken(0, 0) == 0);
}

TEST_CASE("A peer that has started anew speaks what it speaks now", "[delivery]") {
  delivery_link link{member("b"), "a", small};
  link.connected(0ns);
  greet(link, 1);
  CHECK(link.version() == 2);
  link.disconnected();
  CHECK(link.version() == 2);
  link.connected(0ns);
  link.received(encode_frame(hello_frame{1, 1, "c", "a", 2}), 0ns);
  CHECK(link.version() == 1);
}

TEST_CASE("Who breaks the rules loses the connection, and is told why", "[delivery]") {
  const auto violation = [](const std::vector<frame>& frames, bool greeted = true) {
    delivery_link link{member("b"), "a", small};
    link.connected(0ns);
    if (greeted) greet(link);
    CHECK(link.send("12345678"));
    static_cast<void>(frames_of(link));
    std::string why;
    try {
      for (const auto& one : frames) link.received(encode_frame(one), 0ns);
    } catch (const error& wrong) {
      why = wrong.message();
      CHECK(wrong.code() == errc::malformed_answer);
      CHECK(link.closing(0ns) == why);
    }
    return why;
  };
  CHECK(violation({data_frame{1, false, "x"}, data_frame{2, false, "x"}}).empty());
  CHECK_THAT(violation({data_frame{1, false, "x"}, data_frame{1, false, "x"}}),
             Contains("sends frame 1 where 2 is the next"));
  CHECK_THAT(violation({data_frame{2, false, "x"}}), Contains("sends frame 2 where 1 is the next"));
  CHECK_THAT(violation({ack_frame{}}, false), Contains("does not say hello first"));
  CHECK_THAT(violation({ack_frame{3, 9}}), Contains("acknowledges what was not sent"));
  CHECK_THAT(violation({ack_frame{2, 9}, ack_frame{1, 9}}), Contains("forgot"));
  CHECK_THAT(violation({ack_frame{2, 1}}), Contains("takes back"));
  CHECK_THAT(violation({data_frame{1, true, ""}}), Contains("empty piece"));
  CHECK_THAT(
      violation({data_frame{1, false, "1"}, data_frame{2, false, "2"}, data_frame{3, false, "3"},
                 data_frame{4, false, "4"}, data_frame{5, false, "5"}}),
      Contains("more than it may"));
  CHECK_THAT(violation({data_frame{1, true, std::string(60, 'x')},
                        data_frame{2, true, std::string(60, 'x')}}),
             Contains("a message of more than 100 bytes"));
  CHECK_THAT(violation({hello_frame{.cluster = "c", .name = "a", .incarnation = 2}}),
             Contains("hello anew"));
}

TEST_CASE("Silence is noticed, and an end that has nothing to say is heard", "[delivery]") {
  pair_of_links both;
  both.connect();
  for (int second = 0; second < 60; ++second) {
    both.pass(1s);
    CHECK_FALSE(both.a.closing(both.now));
  }
  CHECK(both.a.wake() == both.now + 1s);
  both.silent = true;
  both.pass(4s);
  CHECK_FALSE(both.a.closing(both.now));
  both.pass(1s);
  CHECK(both.a.closing(both.now) == "nothing was heard for 5000 ms");
  both.break_connection();
  CHECK_FALSE(both.a.closing(both.now));
  CHECK_FALSE(both.a.wake());
}
