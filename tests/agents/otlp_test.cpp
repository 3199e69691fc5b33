#include "telemetry/otlp.hpp"

#include "agents/http_server.hpp"
#include "mcp/agents/otlp_exporter.hpp"
#include "mcp/error.hpp"
#include "mcp/metrics.hpp"
#include "support/catch.hpp"
#include "telemetry/span_outbox.hpp"

#include <atomic>
#include <condition_variable>
#include <future>
#include <limits>
#include <mutex>

#include <nlohmann/json.hpp>

namespace otlp_test {

using namespace mcp;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using nlohmann::json;
using telemetry::span_outbox;
using ::test::answer;
using ::test::connection;

constexpr milliseconds patience{60'000};

span made_span(const std::string& name) {
  const trace_context trace{.trace_high = 1, .trace_low = 2};
  return {.place = trace.child(), .name = name, .start = 1s, .end = 2s};
}

// The document ---------------------------------------------------------------------------------

TEST_CASE("Spans are written as OTLP's JSON has them", "[otlp]") {
  const std::vector<span> spans{
      {.place = {.trace_high = 0x5b8efff798038103U,
                 .trace_low = 0xd269b633813fc60cU,
                 .span = 0xeee19b7ec3c1b174U},
       .parent = 0xeee19b7ec3c1b173U,
       .name = "paint",
       .kind = span_kind::server,
       .start = std::chrono::nanoseconds{1'544'712'660'000'000'001},
       .end = std::chrono::nanoseconds{1'544'712'661'000'000'000},
       .attributes = {{"text", std::string{"caf\u00e9 \"x\""}},
                      {"count", std::numeric_limits<std::int64_t>::max()},
                      {"share", 0.5},
                      {"flag", true},
                      {"none", std::numeric_limits<double>::quiet_NaN()},
                      {"most", std::numeric_limits<double>::infinity()}},
       .failed = true,
       .message = "it broke"},
      {.place = {.trace_low = 1, .span = 2}, .name = "root", .start = 0ns, .end = 1ns}};
  const auto written = telemetry::encode_otlp(spans, {{"service.name", std::string{"team"}}});
  CHECK(json::parse(written) == json::parse(R"({"resourceSpans":[{
      "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"team"}}]},
      "scopeSpans":[{"scope":{"name":"fastmcp"},"spans":[
        {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174",
         "parentSpanId":"eee19b7ec3c1b173","name":"paint","kind":2,
         "startTimeUnixNano":"1544712660000000001","endTimeUnixNano":"1544712661000000000",
         "attributes":[{"key":"text","value":{"stringValue":"caf\u00e9 \"x\""}},
                       {"key":"count","value":{"intValue":"9223372036854775807"}},
                       {"key":"share","value":{"doubleValue":0.5}},
                       {"key":"flag","value":{"boolValue":true}},
                       {"key":"none","value":{"doubleValue":"NaN"}},
                       {"key":"most","value":{"doubleValue":"Infinity"}}],
         "status":{"code":2,"message":"it broke"}},
        {"traceId":"00000000000000000000000000000001","spanId":"0000000000000002","name":"root",
         "kind":1,"startTimeUnixNano":"0","endTimeUnixNano":"1"}]}]}]})"));
}

TEST_CASE("Whatever texts spans have, the document is JSON and has a bound", "[otlp]") {
  auto one = made_span("not \xff utf-8" + std::string(10'000, 'x'));
  one.failed = true;
  one.message = std::string(1'000'000, 'y');
  one.attributes = {{"k", std::string("\0\x01\xc3", 3)}};
  const auto written = telemetry::encode_otlp({&one, 1}, {});
  CHECK(written.size() < 8'192);
  CHECK(json::accept(written));
}

TEST_CASE("What a receiver rejected is read from whatever it answers", "[otlp]") {
  const auto read = [](std::string_view body) { return telemetry::read_otlp_answer(body); };
  CHECK(read(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})").rejected == 3);
  CHECK(read(R"({"partialSuccess":{"rejectedSpans":4,"errorMessage":"no"}})").message == "no");
  for (const auto* none : {"", "{}", "[]", "ok", "\xff", R"({"partialSuccess":null})",
                           R"({"partialSuccess":{"rejectedSpans":-1}})",
                           R"({"partialSuccess":{"rejectedSpans":"x","errorMessage":7}})"}) {
    CHECK(read(none).rejected == 0);
  }
}

// Decisions ------------------------------------------------------------------------------------

struct outbox_at {
  otlp_options options{};
  span_outbox box{options};
  span_outbox::time now{1h};

  explicit outbox_at(otlp_options given = {}) : options(std::move(given)), box(options) {}
  void push(int count) {
    for (int i = 0; i < count; ++i) box.push(made_span("s"), now);
  }
  std::size_t sent() {
    const auto* batch = box.next(now);
    return batch == nullptr ? 0 : batch->size();
  }
};

TEST_CASE("Spans wait for a batch, and not for ever", "[otlp]") {
  outbox_at at{{.batch = 3, .every = 1000ms}};
  CHECK_FALSE(at.box.wake());
  at.push(2);
  CHECK(at.sent() == 0);
  CHECK(at.box.wake() == at.now + 1000ms);
  at.now += 1000ms;
  CHECK(at.sent() == 2);
  at.box.taken(0);
  at.push(7);
  CHECK(at.sent() == 3);
  at.box.taken(1);
  CHECK(at.sent() == 3);
  at.box.taken(9);  // more than there were
  CHECK(at.sent() == 0);
  CHECK(at.box.counts().exported == 4);
  CHECK(at.box.counts().dropped == 4);
  CHECK(at.box.counts().waiting == 1);
}

TEST_CASE("Spans beyond the queue are dropped, those under way included in the count", "[otlp]") {
  outbox_at at{{.queue = 5, .batch = 2}};
  at.push(4);
  CHECK(at.sent() == 2);
  at.push(3);
  CHECK(at.box.counts().dropped == 2);
  CHECK(at.box.counts().waiting == 5);
}

TEST_CASE("A batch is sent again after a growing time, and so often", "[otlp]") {
  outbox_at at{{.batch = 1, .attempts = 4, .shortest_wait = 500ms, .longest_wait = 1500ms}};
  at.push(1);
  CHECK(at.sent() == 1);
  for (const auto most : {500ms, 1000ms, 1500ms}) {
    at.box.failed(true, std::nullopt, at.now, 1.0);
    CHECK(at.box.wake() == at.now + most);
    at.now += most - 1ms;
    CHECK(at.sent() == 0);
    at.now += 1ms;
    CHECK(at.sent() == 1);
  }
  at.box.failed(true, std::nullopt, at.now, 1.0);
  CHECK(at.box.empty());
  CHECK(at.box.counts().dropped == 1);
  CHECK(at.box.counts().failures == 4);
}

TEST_CASE("Chance takes at most half of a wait, and what the receiver asks for is the least",
          "[otlp]") {
  outbox_at at{{.batch = 1, .shortest_wait = 500ms, .longest_wait = 30s}};
  at.push(1);
  CHECK(at.sent() == 1);
  at.box.failed(true, std::nullopt, at.now, 0.0);
  CHECK(at.box.wake() == at.now + 250ms);
  at.now += 250ms;
  CHECK(at.sent() == 1);
  at.box.failed(true, 20s, at.now, 0.0);
  CHECK(at.box.wake() == at.now + 20s);
  at.now += 20s;
  CHECK(at.sent() == 1);
  at.box.failed(true, 31s, at.now, 0.0);  // that is too long
  CHECK(at.box.empty());
}

TEST_CASE("What is refused for good is dropped, and the next batch is sent", "[otlp]") {
  outbox_at at{{.batch = 2}};
  at.push(4);
  CHECK(at.sent() == 2);
  at.box.failed(false, std::nullopt, at.now, 1.0);
  CHECK(at.box.counts().dropped == 2);
  CHECK(at.sent() == 2);
}

TEST_CASE("In a hurry nothing waits, and each batch is tried once", "[otlp]") {
  outbox_at at{{.batch = 2}};
  at.push(3);
  CHECK(at.sent() == 2);
  at.box.failed(true, 10s, at.now, 1.0);
  CHECK(at.sent() == 0);
  at.box.hurry(true);
  CHECK(at.sent() == 2);
  at.box.failed(true, 10s, at.now, 1.0);
  CHECK(at.sent() == 1);
  at.box.taken(0);
  CHECK(at.box.empty());
  CHECK(at.box.counts().exported == 1);
}

// Receivers ------------------------------------------------------------------------------------

/// A receiver that answers as its script says, and keeps what it was sent.
class receiver {
 public:
  using script = std::function<bool(connection&, int request)>;  ///< false: the connection ends

  explicit receiver(script play) : play_(std::move(play)) {}
  [[nodiscard]] otlp_options options() const {
    return {.endpoint = server_.url("/v1/traces"), .every = 1ms, .shortest_wait = 1ms};
  }
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }
  /// Names of all spans that came.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& one : requests()) {
      const auto document = json::parse(one.substr(one.find("\r\n\r\n") + 4));
      for (const auto& span : document["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
        all.push_back(span["name"]);
      }
    }
    return all;
  }

 private:
  void play(connection& link) {
    for (auto text = link.read_request(); !text.empty(); text = link.read_request()) {
      int number = 0;
      {
        const std::lock_guard lock{mutex_};
        requests_.push_back(std::move(text));
        number = static_cast<int>(requests_.size());
      }
      if (!play_(link, number)) return;
    }
  }

  script play_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  ::test::http_server server_{[this](connection& link) { play(link); }};
};

bool fine(connection& link, int) {
  return link.send(answer(200, "application/json", "{}"));
}

TEST_CASE("Spans reach a receiver with their headers, and are counted", "[otlp]") {
  receiver there{fine};
  auto options = there.options();
  options.headers = {{"Authorization", "Bearer x"}};
  options.resource = {{"service.name", std::string{"team"}}};
  otlp_exporter exporter{options};
  exporter.ended(made_span("a"));
  exporter.ended(made_span("b"));
  CHECK(exporter.flush(patience));
  CHECK(there.names() == std::vector<std::string>{"a", "b"});
  const auto sent = there.requests().front();
  CHECK(sent.starts_with("POST /v1/traces HTTP/1.1\r\n"));
  CHECK_THAT(sent, Contains("Content-Type: application/json\r\n"));
  CHECK_THAT(sent, Contains("Authorization: Bearer x\r\n"));
  CHECK_THAT(sent, Contains("\"stringValue\":\"team\""));
  metrics counts;
  exporter.measure(counts);
  CHECK_THAT(counts.text(),
             Contains("mcp_spans_exported_total 2\n") && Contains("mcp_spans_waiting 0\n"));
}

TEST_CASE("Without a flush spans are sent by themselves", "[otlp]") {
  std::promise<void> came;
  receiver there{[&](connection& link, int number) {
    const bool sent = fine(link, number);
    came.set_value();
    return sent;
  }};
  otlp_exporter exporter{there.options()};
  exporter.ended(made_span("a"));
  came.get_future().wait();
  CHECK(there.names() == std::vector<std::string>{"a"});
}

TEST_CASE("A receiver that is busy for a while gets the same spans again, and that is one line",
          "[otlp]") {
  for (const int status : {429, 502, 503, 504}) {
    std::promise<void> third;
    receiver there{[&](connection& link, int number) {
      if (number < 3) return link.send(answer(status, "text/plain", "busy", "Retry-After: 0\r\n"));
      const bool sent = fine(link, number);
      third.set_value();
      return sent;
    }};
    std::mutex mutex;
    std::vector<std::string> told;
    auto options = there.options();
    options.on_change = [&](bool works, const std::string& what) {
      const std::lock_guard lock{mutex};
      told.push_back((works ? "+" : "-") + what);
    };
    otlp_exporter exporter{options};
    exporter.ended(made_span("a"));
    third.get_future().wait();
    CHECK(exporter.flush(patience));
    CHECK(there.names() == std::vector<std::string>{"a", "a", "a"});
    CHECK(exporter.counts().exported == 1);
    CHECK(exporter.counts().failures == 2);
    CHECK(exporter.counts().dropped == 0);
    const std::lock_guard lock{mutex};
    REQUIRE(told.size() == 1);
    CHECK_THAT(told.front(), Contains("takes no traces: it answers with status " +
                                      std::to_string(status) + ": busy"));
  }
}

TEST_CASE("A Retry-After that is too long, and a refusal for good, cost the batch", "[otlp]") {
  for (const auto& [status, more] : {std::pair{503, "Retry-After: 86400\r\n"},
                                     {400, ""},
                                     {404, ""},
                                     {500, ""},
                                     {301, "Location: /elsewhere\r\n"}}) {
    receiver there{[status = status, more = more](connection& link, int) {
      return link.send(answer(status, "text/plain", "no", more));
    }};
    otlp_exporter exporter{there.options()};
    exporter.ended(made_span("a"));
    while (exporter.counts().dropped == 0) std::this_thread::yield();
    CHECK(there.requests().size() == 1);
    CHECK(exporter.counts().failures == 1);
  }
}

TEST_CASE("A receiver that says nothing is given up in time, and nothing waits for it", "[otlp]") {
  ::test::gate shut;
  receiver there{[&](connection&, int) {
    shut.wait();
    return false;
  }};
  const ::test::opener late{shut};
  auto options = there.options();
  options.timeout = 50ms;
  options.attempts = 2;
  options.queue = 3;
  otlp_exporter exporter{options};
  for (int i = 0; i < 10; ++i) exporter.ended(made_span("a"));
  CHECK(exporter.counts().dropped >= 7);
  CHECK_FALSE(exporter.flush(patience));
  CHECK(exporter.counts().dropped == 10);
}

TEST_CASE("A flush ends in time though the receiver holds on to the request", "[otlp]") {
  ::test::gate shut;
  receiver there{[&](connection&, int) {
    shut.wait();
    return false;
  }};
  const ::test::opener late{shut};
  otlp_exporter exporter{there.options()};
  exporter.ended(made_span("a"));
  CHECK_FALSE(exporter.flush(1ms));
}

TEST_CASE("A receiver that is not there costs its spans and one line", "[otlp]") {
  std::string url;
  {
    ::test::http_server gone{[](connection&) {}};
    url = gone.url("/v1/traces");
  }
  std::atomic<int> told{0};
  otlp_exporter exporter{{.endpoint = url,
                          .batch = 1,
                          .every = 1ms,
                          .attempts = 2,
                          .shortest_wait = 1ms,
                          .on_change = [&](bool, const std::string&) { ++told; }}};
  for (int i = 0; i < 5; ++i) exporter.ended(made_span("a"));
  while (exporter.counts().dropped < 5) std::this_thread::yield();
  CHECK(exporter.counts().failures == 10);
  CHECK(told == 1);
}

TEST_CASE("Answers that are no HTTP, broken off or endless do no harm", "[otlp]") {
  const std::pair<const char*, std::uint64_t> answers[] = {
      {"220 mail.example ESMTP\r\n", 1},  // it will not become a receiver
      {"\xff\xfe\x00", 1},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", 2}};  // perhaps it was restarted
  for (const auto& [said, attempts] : answers) {
    receiver there{[said = said](connection& link, int) {
      link.send(said);
      return false;
    }};
    auto options = there.options();
    options.attempts = 2;
    otlp_exporter exporter{options};
    exporter.ended(made_span("a"));
    while (exporter.counts().dropped == 0) std::this_thread::yield();
    CHECK(exporter.counts().failures == attempts);
  }
  receiver web_page{[](connection& link, int) {
    return link.send(answer(200, "text/html", std::string(200'000, '<')));
  }};
  otlp_exporter exporter{web_page.options()};
  exporter.ended(made_span("a"));
  CHECK(exporter.flush(patience));
}

TEST_CASE("Spans that a receiver rejects are counted as dropped", "[otlp]") {
  receiver there{[](connection& link, int) {
    return link.send(answer(200, "application/json",
                            R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"old"}})"));
  }};
  otlp_exporter exporter{there.options()};
  exporter.ended(made_span("a"));
  exporter.ended(made_span("b"));
  CHECK_FALSE(exporter.flush(patience));
  CHECK(exporter.counts().dropped >= 1);
  CHECK(exporter.counts().exported + exporter.counts().dropped == 2);
}

TEST_CASE("Spans from many threads all arrive", "[otlp]") {
  receiver there{fine};
  auto options = there.options();
  options.batch = 16;
  otlp_exporter exporter{options};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) exporter.ended(made_span("a"));
    });
  }
  for (auto& one : threads) one.join();
  CHECK(exporter.flush(patience));
  CHECK(exporter.counts().exported == 1'000);
  CHECK(there.names().size() == 1'000);
}

TEST_CASE("Options that cannot be are refused", "[otlp]") {
  const auto refused = [](otlp_options options) {
    try {
      const otlp_exporter made{std::move(options)};
    } catch (const error& what) {
      return what.code() == errc::invalid_argument;
    }
    return false;
  };
  const std::string url = "http://127.0.0.1:1/v1/traces";
  CHECK(refused({}));
  CHECK(refused({.endpoint = "ftp://127.0.0.1/x"}));
  CHECK(refused({.endpoint = url, .queue = 0}));
  CHECK(refused({.endpoint = url, .batch = 0}));
  CHECK(refused({.endpoint = url, .attempts = 0}));
  CHECK(refused({.endpoint = url, .timeout = 0ms}));
  CHECK_FALSE(refused({.endpoint = url}));
}

}  // namespace otlp_test
