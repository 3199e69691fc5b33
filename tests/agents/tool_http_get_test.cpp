#include "agents/http_server.hpp"
#include "io/default_loop.hpp"
#include "io/thread_pool.hpp"
#include "mcp/agents/builtin_tools.hpp"
#include "mcp/testkit.hpp"
#include "support/catch.hpp"
#include "tools/tool_runner.hpp"

#include <future>
#include <string>

namespace mcp::test {
namespace {

using ::test::answer;
using ::test::connection;
using ::test::http_server;

http_get_options local() {
  return {.hosts = {"127.0.0.1"}, .allow_private_addresses = true};
}

/// A call of the tool over real sockets.
class page {
 public:
  page(const http_get_options& options, const std::string& url) {
    const auto runner = std::make_shared<tools::tool_runner>(
        http_get_tool(options), io::default_loop(), io::thread_pool::shared());
    call_ = runner->start(
        {.arguments = R"({"url":)" + schema_writer::quote(url) + "}", .context = &context_},
        [this](tools::call_end end) { ended_.set_value(std::move(end)); });
  }
  void cancel() { call_->cancel(); }
  tools::call_end wait() { return ended_.get_future().get(); }

 private:
  testkit::fake_context fake_{};
  mcp::context context_{fake_.start()};
  std::promise<tools::call_end> ended_{};
  std::shared_ptr<tools::running_call> call_{};
};

http_server::script says(std::string text) {
  return [text = std::move(text)](connection& link) {
    while (!link.read_request().empty()) link.send(text);
  };
}

std::string redirect(const std::string& to) {
  return answer(302, "text/plain", "moved", "Location: " + to + "\r\n");
}

errc code_of(const http_get_options& options, const std::string& url) {
  return page{options, url}.wait().failed.value().error.code();
}

}  // namespace

TEST_CASE("http_get returns the text of a page") {
  http_server server{says(answer(200, "text/plain", "hello"))};
  CHECK(page{local(), server.url("/a")}.wait().result.value() == tool_result{.content = "hello"});
}

TEST_CASE("http_get shows the status of a refused request as an error") {
  http_server server{says(answer(404, "text/plain", "no such page"))};
  const auto result = page{local(), server.url()}.wait().result.value();
  CHECK(result.is_error);
  CHECK(result.content == "Error: HTTP status 404\nno such page");
}

TEST_CASE("http_get follows redirects to allowed hosts up to its limit") {
  http_server target{says(answer(200, "text/plain", "here"))};
  http_server server{says(redirect(target.url("/b")))};
  CHECK(page{local(), server.url()}.wait().result.value().content == "here");
  http_server around{says(redirect("/again"))};
  CHECK(code_of(local(), around.url()) == errc::too_large);
  http_server away{says(redirect("http://localhost:1/"))};
  CHECK(code_of(local(), away.url()) == errc::access_denied);
  http_server file{says(redirect("file:///etc/passwd"))};
  CHECK(code_of(local(), file.url()) == errc::access_denied);
}

TEST_CASE("http_get reaches no private address unless it may, whatever the host list says") {
  http_server server{says(answer(200, "text/plain", "hello"))};
  auto options = local();
  options.allow_private_addresses = false;
  CHECK(code_of(options, server.url()) == errc::access_denied);
  CHECK(server.connections() == 0);
}

TEST_CASE("http_get refuses large and binary answers") {
  http_server large{says(answer(200, "text/plain", std::string(1001, 'x')))};
  auto options = local();
  options.max_bytes = 1000;
  CHECK(code_of(options, large.url()) == errc::too_large);
  http_server binary{says(answer(200, "image/png", "\x89PNG"))};
  CHECK(code_of(local(), binary.url()) == errc::tool_failed);
}

TEST_CASE("Cancelling http_get closes its socket") {
  ::test::gate asked;
  std::promise<void> closed;
  http_server server{[&](connection& link) {
    link.read_request();
    asked.open();
    link.wait_for_close();
    closed.set_value();
  }};
  page fetch{local(), server.url()};
  asked.wait();
  fetch.cancel();
  CHECK(fetch.wait().failed.value().error.code() == errc::cancelled);
  closed.get_future().wait();
}

}  // namespace mcp::test
