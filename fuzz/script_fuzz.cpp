// Lua and templates from a cluster file, compiled and run in their sandbox: a result or an error,
// within the limits.

#include "fuzzed.hpp"
#include "script/pattern.hpp"
#include "script/sandbox.hpp"
#include "script/template.hpp"

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace {

namespace cluster = mcp::cluster;

const cluster::script_limits limits{
    .instructions = 20'000, .memory = 2U << 20, .time = mcp::milliseconds{2'000}};

/// Calls `work`, which may refuse its text.
template <class Work>
void attempt(Work&& work) {
  try {
    fuzzed::accepted(work);
  } catch (const cluster::script_problem& problem) {
    fuzzed::require(!problem.message.empty() && problem.line >= 0);
  }
}

void run(const std::string& text) {
  attempt([&] {
    const cluster::compiled_script script{{"fuzzed.yaml", 1, text},
                                          cluster::compiled_script::form::body};
    cluster::sandbox box{limits};
    box.set("state", {{"list", {1, 2, 3}}, {"text", "a %d b"}});
    static_cast<void>(cluster::shown(box.call(script)));
  });
}

void render(const std::string& text) {
  attempt([&] {
    const cluster::text_template shape{{"fuzzed.yaml", 1, text}};
    cluster::sandbox box{limits};
    box.set("state", {{"text", "value"}});
    fuzzed::require(shape.render(box).size() <= cluster::max_template_result);
  });
}

void match(std::string_view text) {
  const auto cut = text.find('\n');
  if (cut == std::string_view::npos) return;
  cluster::lua_pattern pattern;
  if (pattern.compile(text.substr(0, cut), true) != nullptr) return;
  const auto subject = text.substr(cut + 1);
  std::int64_t steps = 10'000;
  cluster::lua_pattern::match found;
  if (pattern.find(subject, 0, steps, found) != cluster::lua_pattern::outcome::found) return;
  fuzzed::require(found.start <= found.end && found.end <= subject.size());
  fuzzed::require(found.count <= cluster::lua_pattern::max_captures);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = fuzzed::text_of(data, size);
  const auto choice = fuzzed::take_byte(bytes) % 3;
  if (choice == 0) run(std::string{bytes});
  if (choice == 1) render(std::string{bytes});
  if (choice == 2) match(bytes);
  return 0;
}
