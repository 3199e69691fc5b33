#include "cli/text.hpp"
#include "support/catch.hpp"

using namespace mcp::cluster;
using namespace std::chrono_literals;

TEST_CASE("Printable text cannot control a terminal", "[cli][text]") {
  CHECK(printable("a\x1b[31mb\r\n\tc\x7f") == "a [31mb   c ");
  CHECK(printable("one\ntwo", true) == "one\ntwo");
  CHECK(printable("C1: \xc2\x9b right to left: \xe2\x80\xae.") == "C1:   right to left:  .");
  CHECK(printable("damaged \xff\xc3 cut \xe2\x82") == "damaged ?? cut ??");
  CHECK(printable("overlong \xc0\xaf surrogate \xed\xa0\x80") == "overlong ?? surrogate ???");
  CHECK(printable("größer 漢字 😀") == "größer 漢字 😀");
}

TEST_CASE("Text is measured in the columns of a terminal", "[cli][text]") {
  CHECK(columns_of("größer") == 6);
  CHECK(columns_of("漢字") == 4);
  CHECK(columns_of("e\xcc\x81") == 1);
  CHECK(columns_of("😀") == 2);
}

TEST_CASE("A text that is cut says so and fits", "[cli][text]") {
  CHECK(cut_to("short", 5) == "short");
  CHECK(cut_to("longer", 5) == "long…");
  CHECK(cut_to("漢字漢字", 5) == "漢字…");
  CHECK(cut_to("漢字漢字", 4) == "漢…");
  CHECK(cut_to("any", 0).empty());
  CHECK(cut_front_to("the end", 4) == "…end");
  CHECK(cut_front_to("漢字漢字", 4) == "…字");
  CHECK(padded("ö", 3) == "ö  ");
  CHECK(padded("long", 2) == "long");
}

TEST_CASE("Durations, numbers and amounts are short", "[cli][text]") {
  CHECK(duration_text(-5ms) == "0.0 s");
  CHECK(duration_text(449ms) == "0.4 s");
  CHECK(duration_text(59'999ms) == "59.9 s");
  CHECK(duration_text(185s) == "3:05 min");
  CHECK(duration_text(7384s) == "2:03:04 h");
  CHECK(short_number(999) == "999");
  CHECK(short_number(12'345) == "12.3k");
  CHECK(short_number(999'999) == "1.0M");
  CHECK(cost_text(12'399) == "0.0123");
  CHECK(cost_text(2'500'000) == "2.5000");
}

TEST_CASE("Times are shown in UTC with milliseconds", "[cli][text]") {
  CHECK(time_text(mcp::store_time{1'700'000'000'123ms}) == "2023-11-14 22:13:20.123");
  CHECK(time_text(mcp::store_time{0ms}) == "1970-01-01 00:00:00.000");
}

TEST_CASE("Columns of a table line up whatever its cells hold", "[cli][text]") {
  CHECK(table({{"NAME", "N", "LAST"}, {"größer", "1", "x"}, {"漢\n字", "22", ""}}) ==
        "NAME    N   LAST\n"
        "größer  1   x\n"
        "漢 字   22  \n");
  CHECK(columns_of(table({{std::string(1000, 'x')}})) < 70);
}

TEST_CASE("Lines after the first are indented", "[cli][text]") {
  CHECK(indented("a\nb\nc") == "a\n  b\n  c");
}
