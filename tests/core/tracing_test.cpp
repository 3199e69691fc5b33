#include "mcp/tracing.hpp"

#include "support/catch.hpp"

namespace mcp::test {
namespace {

constexpr const char* example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

TEST_CASE("A traceparent is read and written as the W3C has it") {
  const auto read = trace_context::parse(example);
  REQUIRE(read);
  CHECK(read->trace_text() == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(read->span_text() == "00f067aa0ba902b7");
  CHECK(read->sampled);
  CHECK(read->traceparent() == example);
}

TEST_CASE("Only the last bit of a traceparent's flags is looked at") {
  const std::string text = example;
  for (const auto& [flags, sampled] :
       {std::pair{"00", false}, {"01", true}, {"02", false}, {"ff", true}}) {
    const auto read = trace_context::parse(text.substr(0, 53) + flags);
    REQUIRE(read);
    CHECK(read->sampled == sampled);
    CHECK(read->traceparent() == text.substr(0, 53) + (sampled ? "01" : "00"));
  }
}

TEST_CASE("A traceparent of a later version is read as far as it is known") {
  const std::string text = example;
  CHECK(trace_context::parse("01" + text.substr(2)));
  CHECK(trace_context::parse("fe" + text.substr(2) + "-more-to-come"));
  CHECK_FALSE(trace_context::parse("fe" + text.substr(2) + "more"));
}

TEST_CASE("What is no traceparent is refused") {
  const std::string text = example;
  const auto with = [&](std::size_t at, const std::string& piece) {
    return std::string{text}.replace(at, piece.size(), piece);
  };
  for (const auto& wrong : {
           std::string{},
           std::string{"00"},
           text.substr(0, 54),
           text + "-",
           text + "0",
           with(0, "ff"),
           with(0, "0x"),
           with(2, "_"),
           with(35, "_"),
           with(52, "_"),
           with(3, "4BF92F35"),
           with(3, "g"),
           with(3, " "),
           with(36, "+"),
           with(53, "0G"),
           with(3, std::string(32, '0')),
           with(36, std::string(16, '0')),
           std::string(55, '-'),
           std::string(100'000, '0'),
       }) {
    INFO(wrong.substr(0, 100));
    CHECK_FALSE(trace_context::parse(wrong));
  }
}

TEST_CASE("The trace of a run follows from its id, whatever the id is") {
  const std::string id = "0123456789abcdef0123456789abcdef";
  CHECK(trace_context::of_run(id).trace_text() == id);
  CHECK(trace_context::of_run(id).traceparent().empty());  // it names no span
  for (const auto& other :
       {std::string{"mine"}, std::string{}, std::string(32, '0'), "A" + id.substr(1)}) {
    const auto made = trace_context::of_run(other);
    CHECK(made.has_trace());
    CHECK(made.trace_text() != other);
    CHECK(made == trace_context::of_run(other));
  }
  CHECK_FALSE(trace_context::of_run("mine") == trace_context::of_run("yours"));
}

TEST_CASE("A child has another span in the same trace") {
  const auto parent = *trace_context::parse(example);
  const auto child = parent.child();
  CHECK(child.trace_text() == parent.trace_text());
  CHECK(child.span != 0);
  CHECK(child.span != parent.span);
}

TEST_CASE("A long text of a span is cut between two characters") {
  CHECK(cut_span_text("short") == "short");
  const std::string fits(max_span_text, 'x');
  CHECK(cut_span_text(fits) == fits);
  CHECK(cut_span_text(fits + "y") == fits);
  const auto halved = std::string(max_span_text - 1, 'x') + "\u00e9" + "z";
  CHECK(cut_span_text(halved) == std::string(max_span_text - 1, 'x'));
  CHECK(cut_span_text(std::string(2 * max_span_text, '\x80')).empty());  // no text at all
}

}  // namespace mcp::test
