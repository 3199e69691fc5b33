#include "script/sandbox.hpp"

#include "mcp/json.hpp"
#include "script/pattern.hpp"
#include "support/catch.hpp"

using namespace mcp;
using namespace mcp::cluster;
using nlohmann::json;

namespace {

compiled_script body(const std::string& text) {
  return compiled_script{{"test.yaml", 1, text}, compiled_script::form::body};
}

json run(const std::string& text, const script_limits& limits = {}) {
  sandbox box{limits};
  return box.call(body(text));
}

std::string failure_of(const std::string& text, const script_limits& limits = {}) {
  try {
    static_cast<void>(run(text, limits));
  } catch (const error& reason) {
    CHECK(reason.code() == errc::script_failed);
    return reason.message();
  }
  return {};
}

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("A script that never ends is stopped at its limit of instructions") {
  const script_limits few{.instructions = 100'000};
  CHECK_THAT(failure_of("while true do end", few), Contains("limits.lua.instructions"));
  CHECK_THAT(failure_of("while true do pcall(function() while true do end end) end", few),
             Contains("limits.lua.instructions"));
  CHECK_THAT(failure_of("local ok = pcall(function() while true do end end) return 1", few),
             Contains("limits.lua.instructions"));
}

TEST_CASE("A script that takes too much memory is stopped at its limit") {
  const script_limits small{.memory = 4u << 20};
  CHECK_THAT(failure_of("local t = {} for i = 1, 1e9 do t[i] = {} end", small),
             Contains("limits.lua.memory"));
  CHECK_THAT(failure_of("local s = 'x' while true do s = s .. s end", small),
             Contains("limits.lua.memory"));
  CHECK_THAT(failure_of("return string.rep('x', 1 << 40)"), Contains("too large"));
  CHECK_THAT(failure_of("return ('x'):rep(1e9, 'yy')"), Contains("too large"));
}

TEST_CASE("Loops inside of library functions end") {
  CHECK(run("return string.rep('', 1 << 60)") == "");
  const script_limits few{.instructions = 1'000'000};
  const std::string hard = "return string.find(string.rep('a', 100000), '";
  CHECK_THAT(failure_of(hard + ".-.-.-.-.-b')", few), Contains("limits.lua.instructions"));
  CHECK_THAT(failure_of(hard + "a*a*a*a*a*b')", few), Contains("limits.lua.instructions"));
  CHECK_THAT(failure_of("return ('x'):rep(1e6):gsub('', function() return 'yy' end)", few),
             Contains("limits.lua"));
  CHECK_THAT(failure_of("return ('x'):match(('(x)'):rep(1000))"), Contains("too"));
  CHECK_THAT(failure_of("return ('x'):find(('x?'):rep(5000))"), Contains("too long"));
}

TEST_CASE("Endless recursion is an error of the script") {
  CHECK_THAT(failure_of("local function f() return 1 + f() end return f()"),
             Contains("overflow") || Contains("limits.lua.memory"));
  CHECK_THAT(failure_of("local function f() pcall(f) f() end f()", {.instructions = 100'000}),
             !Contains("never"));
  CHECK_THAT(failure_of("local t = {} t.t = t return t"), Contains("200 levels"));
}

TEST_CASE("Nothing that reaches outside of the sandbox is there") {
  for (const auto* name :
       {"load",         "loadstring", "loadfile",    "dofile",         "require",
        "debug",        "os",         "io",          "package",        "getmetatable",
        "setmetatable", "rawset",     "rawget",      "collectgarbage", "coroutine",
        "print",        "_G",         "string.dump", "table.move",     "xpcall",
        "warn"}) {
    INFO(name);
    CHECK(run("return type(" + std::string{name} + ")") == "nil");
  }
  CHECK_THAT(failure_of("return ('x').__index.rep('a', 3)"), Contains("nil"));
}

TEST_CASE("One call sees nothing of another") {
  CHECK(run("string.upper = nil; leaked = 1; return 1") == 1);
  CHECK(run("return string.upper('a') .. type(leaked)") == "Anil");
}

TEST_CASE("An error names the file and the line of the file") {
  const compiled_script script{{"team.yaml", 40, "local a = 1\nreturn a.b.c"},
                               compiled_script::form::body};
  sandbox box{{}};
  CHECK_THROWS_WITH(box.call(script), Contains("team.yaml:41: "));
  try {
    static_cast<void>(compiled_script{{"team.yaml", 7, "\nreturn +"}, compiled_script::form::body});
    FAIL("it compiled");
  } catch (const script_problem& wrong) {
    CHECK(wrong.line == 8);
    CHECK_THAT(wrong.message, Contains("unexpected symbol"));
  }
  CHECK_THAT(failure_of("error({code = 1})"), Contains("not a text"));
}

TEST_CASE("Patterns mean what they mean in Lua") {
  CHECK(run("return {('hello world'):find('o w')}") == json{5, 7});
  CHECK(run("return {('key = value'):match('^(%w+)%s*=%s*(%w+)$')}") == json{"key", "value"});
  CHECK(run("return {('abc'):gsub('%w', '%0%0')}") == json{"aabbcc", 3});
  CHECK(run("return {('abc'):gsub('', '-')}") == json{"-a-b-c-", 4});
  CHECK(run("return {('hello'):gsub('l+', {ll = 'LL'})}") == json{"heLLo", 1});
  CHECK(run("return {('a,b,c'):gsub(',', ';', 1)}") == json{"a;b,c", 1});
  CHECK(
      run("local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[k] = v end return t") ==
      json{{"a", "1"}, {"b", "2"}});
  CHECK(run("return {('THE (quick) fox'):find('%((%a+)%)')}") == json{5, 11, "quick"});
  CHECK(run("return ('f(a(b)c)d'):match('%b()')") == "(a(b)c)");
  CHECK(run("return ('THE (quick) fox'):gsub('%f[%a]%a+', 'X')") == "X (X) X");
  CHECK(run("return {('say \"hi\"'):match('([\"\\'])(.-)%1')}") == json{"\"", "hi"});
  CHECK(run("return {('abc'):match('()b()')}") == json{2, 3});
  CHECK(run("return ('  trim  '):match('^%s*(.-)%s*$')") == "trim");
  CHECK(run("return {('a.b'):find('.', 2, true)}") == json{2, 2});
  CHECK(run("return ('x]y'):match('[]]')") == "]");
  CHECK(run("return ('2-3'):match('[%d-]+')") == "2-3");
  CHECK(run("return ('abc'):match('^b') == nil") == true);
  CHECK_THAT(failure_of("return ('x'):match('(x')"), Contains("unfinished capture"));
  CHECK_THAT(failure_of("return ('x'):match('[x')"), Contains("missing ']'"));
}
