#include "mcp_client/allowance.hpp"
#include "mcp_client/http_rules.hpp"
#include "mcp_client/log_valve.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace mcp::test {
namespace {

using namespace mcp::protocol;
using std::chrono::milliseconds;
using kind = http_kind;
using verdict = http_verdict;

constexpr auto events = "text/event-stream";
constexpr auto json_type = "application/json";

errc why(int status, std::string_view type = {}) {
  return failure_of({.status = status, .type = type}).code();
}

}  // namespace

TEST_CASE("What an answer over streamable HTTP means follows from its head") {
  CHECK(judge(kind::request, {200, "Text/Event-Stream; charset=utf-8"}) == verdict::stream);
  CHECK(judge(kind::request, {200, json_type}) == verdict::message);
  CHECK(judge(kind::request, {200, ""}) == verdict::message);
  CHECK(judge(kind::request, {200, "text/html"}) == verdict::refused);
  CHECK(judge(kind::request, {200, "text/event-streams"}) == verdict::refused);
  CHECK(judge(kind::request, {302, ""}) == verdict::refused);
  CHECK(judge(kind::request, {400, json_type, true}) == verdict::refused);
  CHECK(judge(kind::request, {503, ""}) == verdict::passing);
  CHECK(judge(kind::request, {0, ""}) == verdict::passing);
  CHECK(judge(kind::side, {202, ""}) == verdict::accepted);
  CHECK(judge(kind::side, {204, ""}) == verdict::accepted);
  CHECK(judge(kind::resume, {200, events, true}) == verdict::stream);
  CHECK(judge(kind::resume, {200, json_type, true}) == verdict::refused);
  CHECK(judge(kind::resume, {405, "", true}) == verdict::refused);
}

TEST_CASE("Only 404 in a session means that the session is forgotten") {
  CHECK(judge(kind::request, {404, "", true}) == verdict::expired);
  CHECK(judge(kind::side, {404, json_type, true}) == verdict::expired);
  CHECK(judge(kind::resume, {404, "", true}) == verdict::expired);
  CHECK(judge(kind::hello, {404, "", false}) == verdict::refused);
  CHECK(judge(kind::request, {404, "", false}) == verdict::refused);
  CHECK(judge(kind::request, {400, "", true}) == verdict::refused);
}

TEST_CASE("400 in a session is doubtful, and means its end if a ping meets it too") {
  CHECK(is_doubtful(kind::request, {400, json_type, true}));
  CHECK_FALSE(is_doubtful(kind::request, {400, json_type, false}));
  CHECK_FALSE(is_doubtful(kind::request, {401, "", true}));
  CHECK_FALSE(is_doubtful(kind::hello, {400, "", true}));
  CHECK_FALSE(is_doubtful(kind::resume, {400, "", true}));
  CHECK(judge(kind::probe, {400, "", true}) == verdict::expired);
  CHECK(judge(kind::probe, {404, "", true}) == verdict::expired);
  CHECK(judge(kind::probe, {200, json_type, true}) == verdict::accepted);
  CHECK(judge(kind::probe, {200, events, true}) == verdict::accepted);
  CHECK(judge(kind::probe, {500, "", true}) == verdict::passing);
  CHECK(judge(kind::probe, {403, "", true}) == verdict::refused);
}

TEST_CASE("A server that has no stream of its own says so in many ways") {
  CHECK(judge(kind::listen, {405, "", true}) == verdict::no_stream);
  CHECK(judge(kind::listen, {400, "", true}) == verdict::no_stream);
  CHECK(judge(kind::listen, {302, "", true}) == verdict::no_stream);
  CHECK(judge(kind::listen, {200, "text/html", true}) == verdict::no_stream);
  CHECK(judge(kind::listen, {404, "", true, false}) == verdict::no_stream);
  CHECK(judge(kind::listen, {404, "", true, true}) == verdict::expired);
  CHECK(judge(kind::listen, {503, "", true}) == verdict::passing);
  CHECK(judge(kind::listen, {429, "", true}) == verdict::passing);
  CHECK(judge(kind::listen, {0, "", true}) == verdict::passing);
}

TEST_CASE("A status becomes an error that can be acted on, with a type only if it can be shown") {
  CHECK(why(401) == errc::unauthorized);
  CHECK(why(403) == errc::unauthorized);
  CHECK(why(404) == errc::connection_failed);
  CHECK(why(429) == errc::rate_limited);
  CHECK(why(502) == errc::server_failed);
  CHECK(why(302) == errc::connection_failed);
  CHECK(why(200, "text/html") == errc::malformed_answer);
  CHECK(failure_of({.status = 302}).message().find("redirect") != std::string::npos);
  CHECK(failure_of({.status = 200, .type = "text/html"}).message().find("text/html") !=
        std::string::npos);
  CHECK(failure_of({.status = 200, .type = "a\x1b[1m"}).message().find('\x1b') ==
        std::string::npos);
}

TEST_CASE("Ids of sessions are visible ASCII, ids of events free of control characters") {
  CHECK(is_session_id("a-B_9~!"));
  CHECK(is_session_id(std::string(stream_limits::header_bytes, 'x')));
  for (const std::string bad : {"", "a b", "a\tb", "a\x01", "\x7f", "\xc3\xa9"}) {
    INFO(bad);
    CHECK_FALSE(is_session_id(bad));
  }
  CHECK_FALSE(is_session_id(std::string(stream_limits::header_bytes + 1, 'x')));
  CHECK(is_event_id("a b \xc3\xa9"));
  CHECK(is_event_id(""));
  CHECK_FALSE(is_event_id("a\x01"));
  CHECK_FALSE(is_event_id("a\tb"));
  CHECK_FALSE(is_event_id(std::string(stream_limits::header_bytes + 1, 'x')));
}

TEST_CASE("A stream that cannot be had is tried a few times, each later, and then left") {
  stream_memory stream;
  std::vector<long> pauses;
  while (const auto pause = stream.broken()) pauses.push_back(pause->count());
  CHECK(pauses == std::vector<long>{1000, 2000, 4000, 8000, 16000});
}

TEST_CASE("A stream that is had but brings nothing is taken up ever later, and never left") {
  stream_memory stream;
  const auto next = [&stream] {
    stream.connected();
    return stream.broken().value();
  };
  for (int i = 0; i < 100; ++i) CHECK(next() <= stream_limits::longest_pause);
  CHECK(next() == stream_limits::longest_pause);
  stream.received();
  CHECK(next() == stream_limits::first_pause);
}

TEST_CASE("The server's retry is heeded, within bounds") {
  stream_memory stream;
  const auto next = [&stream](milliseconds asked, bool brought) {
    stream.asked(asked);
    stream.connected();
    if (brought) stream.received();
    return stream.broken().value();
  };
  CHECK(next(milliseconds{0}, true) == stream_limits::shortest_pause);
  CHECK(next(milliseconds{5000}, true) == milliseconds{5000});
  CHECK(next(milliseconds{60'000}, true) == milliseconds{60'000});
  CHECK(next(milliseconds{4'000'000'000}, true) == stream_limits::longest_asked);
  CHECK(next(milliseconds{1}, true) == stream_limits::shortest_pause);
  CHECK(next(milliseconds{1}, false) == 2 * stream_limits::shortest_pause);
  CHECK(next(milliseconds{1}, false) == 4 * stream_limits::shortest_pause);
}

TEST_CASE("A stream remembers where it was, unless that cannot be said") {
  stream_memory stream;
  CHECK(stream.last_id().empty());
  stream.is_at("7");
  stream.connected();
  CHECK(stream.broken());
  CHECK(stream.last_id() == "7");
  stream.is_at("8\n");
  CHECK(stream.last_id().empty());
}

TEST_CASE("Requests wait until the server knows that the handshake is over, which is once") {
  http_session session;
  CHECK(session.where() == http_session::phase::closed);
  session.open();
  CHECK(session.where() == http_session::phase::greeting);
  CHECK_FALSE(session.announced());
  session.named("s1");
  session.agreed("2025-11-25");
  CHECK(session.where() == http_session::phase::announcing);
  session.named("s2");
  CHECK(session.id() == "s1");
  CHECK(session.announced());
  CHECK_FALSE(session.announced());
  CHECK(session.where() == http_session::phase::talking);
  CHECK(session.version() == "2025-11-25");
  CHECK(session.to_end());
}

TEST_CASE("A session's id with a control character is refused") {
  http_session session;
  session.open();
  session.named("");
  CHECK_FALSE(session.to_end());
  CHECK_THROWS_AS(session.named("a\x01"), error);
  CHECK(session.id().empty());
}

TEST_CASE("A session expires once, and is not ended then; the next one begins anew") {
  http_session session;
  CHECK_FALSE(session.expire());
  session.open();
  session.named("s1");
  session.agreed("v");
  CHECK(session.announced());
  session.listening(http_session::stream::listening);
  const auto first = session.number();
  CHECK(session.expire());
  CHECK_FALSE(session.expire());
  CHECK_FALSE(session.to_end());
  session.open();
  CHECK(session.id().empty());
  CHECK(session.version().empty());
  CHECK_FALSE(session.heard_before());
  CHECK_FALSE(session.is_current(first));
  CHECK(session.is_alive(first));
  CHECK(session.expire());
  session.close();
  CHECK_FALSE(session.is_alive(first));
  session.open();
  CHECK_FALSE(session.is_alive(first));
  CHECK(session.is_alive(session.number()));
}

TEST_CASE("A stream that was given up is tried again when the server answers, an absent one not") {
  http_session session;
  session.open();
  session.agreed("v");
  CHECK(session.announced());
  CHECK(session.may_listen());
  session.listening(http_session::stream::listening);
  CHECK_FALSE(session.lives());
  session.listening(http_session::stream::given_up);
  CHECK(session.lives());
  CHECK(session.may_listen());
  session.listening(http_session::stream::absent);
  CHECK_FALSE(session.lives());
  CHECK_FALSE(session.may_listen());
}

TEST_CASE("An allowance is used up by a burst, and comes back slowly") {
  allowance left{2, 10};
  const io::steady_time start{milliseconds{1000}};
  CHECK(left.take(start));
  CHECK(left.take(start));
  CHECK_FALSE(left.take(start));
  CHECK_FALSE(left.take(start + milliseconds{50}));
  CHECK(left.take(start + milliseconds{110}));
  CHECK_FALSE(left.take(start + milliseconds{120}));
  const auto later = start + std::chrono::hours{1};
  CHECK(left.take(later));
  CHECK(left.take(later));
  CHECK_FALSE(left.take(later));
}

TEST_CASE("Lines beyond so many a second are left out, and counted") {
  std::vector<std::string> shown;
  log_valve valve{[&shown](std::string_view line) { shown.emplace_back(line); }};
  const io::steady_time start{milliseconds{1000}};
  for (int i = 0; i < log_valve::lines_per_second + 7; ++i) valve.line("x", start);
  CHECK(shown.size() == log_valve::lines_per_second);
  valve.line("y", start + milliseconds{1000});
  CHECK(shown[shown.size() - 2] == "(7 lines left out)");
  CHECK(shown.back() == "y");
}

}  // namespace mcp::test
