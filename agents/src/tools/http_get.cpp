#include "io/http_client.hpp"
#include "mcp/agents/builtin_tools.hpp"
#include "tools/host_list.hpp"
#include "tools/public_address.hpp"
#include "tools/text.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace mcp {
namespace tools {
namespace {

constexpr int http_ok = 200;
constexpr int http_moved = 300;
constexpr int http_bad = 400;

struct page_question {
  std::string url{};
};
MCP_STRUCT(page_question, (url, mcp::doc("http or https")))

/// One call of the tool: a request, and one more for each redirect. Its events come one at a time,
/// on the loop's thread.
class page_fetch : public std::enable_shared_from_this<page_fetch> {
 public:
  page_fetch(std::shared_ptr<const http_get_options> options, io::http_client& client,
             tool_reply reply)
      : options_(std::move(options)), client_(client), reply_(std::move(reply)) {}

  void start(const std::string& url) {
    const auto place = checked_place(url, *options_);
    url_ = place;
    body_.clear();
    location_.clear();
    io::http_request request;
    request.url = url_;
    request.headers = {{"Accept", "text/*, application/json;q=0.9, */*;q=0.1"}};
    request.timeouts.total = options_->timeout;
    request.max_body = options_->max_bytes;
    if (!options_->allow_private_addresses) request.allow_address = is_public;
    const std::lock_guard lock{mutex_};
    call_ = client_.start(
        std::move(request),
        {.on_headers = [self =
                            shared_from_this()](const io::http_head& head) { self->headers(head); },
         .on_data =
             [self = shared_from_this()](std::string_view piece) {
               self->body_.append(piece);
               return true;
             },
         .on_end = [self = shared_from_this()](const io::http_end& end) { self->ended(end); }});
    if (stopped_) call_->cancel();
  }

  void stop() {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    if (call_) call_->cancel();
  }

 private:
  void headers(const io::http_head& head) {
    status_ = head.status;
    if (status_ >= http_moved && status_ < http_bad) location_ = head.find("location");
  }

  void ended(const io::http_end& end) {
    try {
      if (end.failure) return reply_.fail(*end.failure);
      if (!location_.empty()) return follow();
      answer();
    } catch (const error& reason) {
      reply_.fail(reason);
    }
  }

  void follow() {
    if (++redirects_ > options_->max_redirects) {
      throw error{errc::too_large,
                  "more than " + std::to_string(options_->max_redirects) + " redirects"};
    }
    start(resolved(url_, location_));
  }

  void answer() {
    if (!is_text(body_)) throw error{errc::tool_failed, "the answer is no text in UTF-8"};
    const bool fine = status_ >= http_ok && status_ < http_moved;
    if (fine) return reply_.done(std::move(body_));
    reply_.done({.content = "Error: HTTP status " + std::to_string(status_) + "\n" + body_,
                 .is_error = true});
  }

  const std::shared_ptr<const http_get_options> options_;
  io::http_client& client_;
  const tool_reply reply_;
  std::string url_;
  std::string body_;
  std::string location_;
  int status_ = 0;
  int redirects_ = 0;
  std::mutex mutex_;  ///< of what follows; held while a call is started, so that it is not lost
  std::shared_ptr<io::http_call> call_;
  bool stopped_ = false;
};

}  // namespace
}  // namespace tools

std::shared_ptr<tool> http_get_tool(http_get_options options) {
  auto name = options.name;
  const auto shared = std::make_shared<const http_get_options>(std::move(options));
  return make_tool(std::move(name), "Fetches the text behind a URL.",
                   [shared](const tools::page_question& q, tool_reply reply) {
                     const auto fetch = std::make_shared<tools::page_fetch>(
                         shared, io::http_client::shared(), reply);
                     fetch->start(q.url);
                     reply.on_cancel([weak = std::weak_ptr{fetch}] {
                       if (const auto under_way = weak.lock()) under_way->stop();
                     });
                   },
                   {.tell_model = true});
}

}  // namespace mcp
