#include "core/agent_record.hpp"

#include "core/agent_address.hpp"
#include "core/topic_table.hpp"
#include "support/catch.hpp"

namespace mcp::core {
namespace {

struct account {
  std::int64_t balance = 0;
  std::vector<std::string> log{};
};
MCP_STATE(account, balance, log)

struct deposit {
  std::int64_t amount = 0;
};
MCP_STRUCT(deposit, amount)

agent_spec bank() {
  agent_spec spec;
  spec.type = "account";
  spec.state = &value_type_of<account>;
  spec.handlers.push_back({.name = "deposit", .message = &value_type_of<deposit>});
  return spec;
}

template <class Call>
std::optional<errc> code_of(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const error& what) {
    return what.code();
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("An agent's state is read back as it was written") {
  const value state{account{42, {"a", "b"}}};
  value found{account{}};
  CHECK(decode_agent_state(encode_agent_state(17, state), found) == 17);
  CHECK(codec<account>::equal(found.as<account>(), state.as<account>()));
}

TEST_CASE("Damaged, foreign and newer agent states are errors") {
  value state{account{}};
  const auto bytes = encode_agent_state(1, state);
  CHECK(code_of([&] { return decode_agent_state("", state); }) == errc::invalid_state);
  CHECK(code_of([&] { return decode_agent_state(bytes + "x", state); }) == errc::malformed_cbor);
  CHECK(code_of([&] { return decode_agent_state(to_cbor(std::string{"x"}), state); }) ==
        errc::invalid_state);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CHECK(code_of([&] { return decode_agent_state(bytes.substr(0, cut), state); }).has_value());
  }
  auto newer = bytes;
  newer[1] = 2;
  CHECK(code_of([&] { return decode_agent_state(newer, state); }) == errc::newer_format);
}

TEST_CASE("A durable message is read back as it was written") {
  const auto spec = bank();
  const log_order order{.number = 9,
                        .slot = 3,
                        .name = "deposit",
                        .content = std::make_shared<const value>(deposit{5}),
                        .id = "m1",
                        .sender = "account/bob"};
  const auto bytes = encode_agent_mail(order);
  CHECK(decode_agent_mail_number(bytes) == 9);
  const auto mail = decode_agent_mail(bytes, agent_mail_key(3), spec);
  CHECK(mail.number == 9);
  CHECK(mail.slot == 3);
  CHECK(mail.id == "m1");
  CHECK(mail.sender == "account/bob");
  CHECK(mail.handler == &spec.handlers[0]);
  CHECK(mail.content->as<deposit>().amount == 5);
  CHECK(mail.durable);
  CHECK(mail.logged);
  CHECK(code_of([&] { return decode_agent_mail(bytes, "mail/x", spec); }) == errc::malformed_cbor);
  CHECK(code_of([&] { return decode_agent_mail(bytes, "", spec); }) == errc::malformed_cbor);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CHECK(code_of([&] {
            return decode_agent_mail(bytes.substr(0, cut), agent_mail_key(3), spec);
          }).has_value());
  }
  auto other = bank();
  other.handlers[0].name = "withdraw";
  CHECK(code_of([&] { return decode_agent_mail(bytes, agent_mail_key(3), other); }) ==
        errc::unknown_message);
}

TEST_CASE("A message's content is taken as it is, transcoded, or decoded") {
  const auto spec = bank();
  const auto& handler = spec.handlers[0];
  const auto same = std::make_shared<const value>(deposit{1});
  CHECK(decode_agent_content(handler, {.name = "deposit", .content = same}) == same);
  const agent_message text{.name = "deposit", .cbor = json_to_cbor(R"({"amount":7})")};
  CHECK(decode_agent_content(handler, text)->as<deposit>().amount == 7);
  const agent_message wrong{.name = "deposit", .cbor = json_to_cbor(R"({"amuont":7})")};
  CHECK(code_of([&] { return decode_agent_content(handler, wrong); }) == errc::invalid_state);
  const agent_message number{.name = "deposit",
                             .content = std::make_shared<const value>(std::int64_t{3})};
  CHECK(code_of([&] { return decode_agent_content(handler, number); }) == errc::invalid_state);
}

TEST_CASE("An address is a type and a key") {
  CHECK(parse_agent_address("a/b").type == "a");
  CHECK(parse_agent_address("a/b/c").key == "b/c");
  for (const std::string wrong : {"", "a", "/a", "a/", "/"}) {
    INFO(wrong);
    CHECK(code_of([&] { return parse_agent_address(wrong).key; }) == errc::invalid_argument);
  }
  CHECK(code_of([&] { return parse_agent_address("a/" + std::string(511, 'x')).key; }) ==
        errc::invalid_argument);
  CHECK(!code_of([&] { return parse_agent_address("a/" + std::string(510, 'x')).key; }));
}

TEST_CASE("Agents that would wait for each other are told so") {
  const auto one = std::make_shared<const ask_chain>(ask_chain{"t/1", nullptr});
  const ask_chain two{"t/2", one};
  CHECK(!code_of([&] { return check_ask_chain(&two, "t/3"), 0; }));
  CHECK(code_of([&] { return check_ask_chain(&two, "t/1"), 0; }) == errc::invalid_argument);
  CHECK(code_of([&] { return check_ask_chain(&two, "t/2"), 0; }) == errc::invalid_argument);
  std::shared_ptr<const ask_chain> chain;
  for (std::size_t i = 0; i < max_ask_chain; ++i) {
    chain = std::make_shared<const ask_chain>(ask_chain{"t/" + std::to_string(i), chain});
  }
  CHECK(!code_of([&] { return check_ask_chain(chain.get(), "t/x"), 0; }));
  chain = std::make_shared<const ask_chain>(ask_chain{"t/y", chain});
  CHECK(code_of([&] { return check_ask_chain(chain.get(), "t/x"), 0; }) == errc::too_large);
}

TEST_CASE("Subscriptions are found from both sides and are bounded") {
  topic_table table{2};
  CHECK(table.add("news", "a/1"));
  CHECK(!table.add("news", "a/1"));
  CHECK(table.add("news", "a/0"));
  CHECK(table.members("news") == std::vector<std::string>{"a/0", "a/1"});
  CHECK(table.topics_of("a/1") == std::vector<std::string>{"news"});
  CHECK(code_of([&] { return table.check("news", "a/2"), 0; }) == errc::too_large);
  CHECK(!code_of([&] { return table.check("news", "a/1"), 0; }));
  CHECK(code_of([&] { return table.check("", "a/1"), 0; }) == errc::invalid_argument);
  CHECK(table.remove("news", "a/1"));
  CHECK(!table.remove("news", "a/1"));
  CHECK(!table.remove("other", "a/1"));
  CHECK(table.size("news") == 1);
  CHECK(table.topics_of("a/1").empty());
  for (std::size_t i = 0; i < max_topics_of_agent; ++i) table.add(std::to_string(i), "a/9");
  CHECK(code_of([&] { return table.check("one more", "a/9"), 0; }) == errc::too_large);
}

TEST_CASE("A stop of a tree is read as it was written, under its own keys only") {
  const stop_record written{7, "orders", "17", "strike"};
  const auto bytes = encode_stop_record(written);
  const auto read = decode_stop_record(stop_record_key(7), bytes);
  CHECK(read.slot == 7);
  CHECK(read.supervisor == "orders");
  CHECK(read.key == "17");
  CHECK(read.reason == "strike");
  for (const char* key : {"state", "mail/7", "stop/", "stop/x", "stop/7x", "stop/100001"}) {
    CHECK_THROWS_AS(decode_stop_record(key, bytes), error);
  }
  CHECK_THROWS_AS(decode_stop_record("stop/7", bytes + "x"), error);
}

}  // namespace mcp::core
