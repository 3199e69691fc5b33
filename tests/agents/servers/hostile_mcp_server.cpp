// An MCP server over standard streams that does what its argument says, for tests of the client.
#include <csignal>
#include <cstdint>
#include <iostream>
#include <string>

#include <unistd.h>

namespace {

/// The id of a request of our own client, which are numbers.
std::string id_of(const std::string& line) {
  const auto at = line.find("\"id\":");
  if (at == std::string::npos) return {};
  const auto begin = at + 5;
  return line.substr(begin, line.find_first_of(",}", begin) - begin);
}

void say(const std::string& text) {
  std::cout << text << '\n' << std::flush;
}

void answer(const std::string& id, const std::string& result) {
  say(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + result + "}");
}

bool asks(const std::string& line, const std::string& method) {
  return line.find("\"method\":\"" + method + "\"") != std::string::npos;
}

const std::string tools = R"({"tools":[
{"name":"echo","description":"Says it.","inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}},
{"name":"no schema","inputSchema":7},
{"name":"bad schema","inputSchema":{"type":"object","properties":{"a":{"type":"strong"}}}},
{"name":"a list","inputSchema":{"type":"array"}},
{"name":"echo","inputSchema":{"type":"object"}},
{"name":"liar","inputSchema":{"type":"object"},"outputSchema":{"type":"object","required":["n"]}},
{"name":"a.b/c","inputSchema":{"type":"object"}},
17]})";

std::string one_line(std::string text) {
  for (auto& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

void endless() {
  const std::string piece(1 << 16, 'x');
  while (std::cout.write(piece.data(), static_cast<std::streamsize>(piece.size()))) {
  }
}

/// Our client's progress token is the id of its request.
void progress(const std::string& id, int times) {
  for (int i = 1; i <= times; ++i) {
    say(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" + id +
        R"(,"progress":)" + std::to_string(i) + R"(,"total":10,"message":"at )" +
        std::to_string(i) + "\"}}");
  }
}

/// The text of an argument of a prompt.
std::string argument(const std::string& line, const std::string& name) {
  const auto key = "\"" + name + "\":\"";
  const auto at = line.find(key);
  if (at == std::string::npos) return {};
  return line.substr(at + key.size(), line.find('"', at + key.size()) - at - key.size());
}

void call(const std::string& mode, const std::string& id) {
  const std::string fine = R"({"content":[{"type":"text","text":"fine"}]})";
  if (mode == "endless") return endless();
  if (mode == "dies") ::_exit(3);
  if (mode == "silent") return;
  if (mode == "progress") progress(id, 3);
  if (mode == "restless") progress(id, 5000);
  if (mode == "log") {
    say(R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":[1]}})");
  }
  if (mode == "deep") {
    say(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + std::string(10'000, '[') +
        std::string(10'000, ']') + "}");
  }
  if (mode == "garbage") {
    say("not JSON");
    say("[]");
    say(R"({"jsonrpc":"2.0"})");
    say(R"({"jsonrpc":"2.0","id":"x","result":1})");
  }
  if (mode == "flood") {
    for (int i = 0; i < 20'000; ++i) {
      say(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
      say(R"({"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{}})");
    }
  }
  answer(id, mode == "liar" ? R"({"content":[],"structuredContent":{"m":1}})" : fine);
  if (mode == "twice") answer(id, fine);
}

}  // namespace

int main(int argc, char* argv[]) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "dead") return 1;
  if (mode == "stubborn") std::signal(SIGTERM, SIG_IGN);
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto id = id_of(line);
    if (asks(line, "initialize")) {
      if (mode == "mute") continue;
      answer(id, std::string{R"({"protocolVersion":")"} +
                     (mode == "future" ? "2099-01-01" : "2025-06-18") +
                     R"(","capabilities":{"tools":{}},"serverInfo":{"name":"hostile"}})");
      std::cerr << "hello from stderr" << std::endl;
    } else if (asks(line, "tools/list")) {
      answer(id, mode == "circle" ? R"({"tools":[],"nextCursor":"again"})" : one_line(tools));
    } else if (asks(line, "prompts/list")) {
      answer(
          id,
          R"({"prompts":[{"name":"greet","arguments":[{"name":"who","required":true}]},{"name":"bad"}]})");
    } else if (asks(line, "prompts/get")) {
      answer(id, line.find("\"bad\"") != std::string::npos
                     ? R"({"messages":7})"
                     : R"({"messages":[{"role":"user","content":{"type":"text","text":"Greet )" +
                           argument(line, "who") +
                           R"("}},{"role":"assistant","content":{"type":"text","text":"Hm."}}]})");
    } else if (asks(line, "tools/call")) {
      call(mode, id);
    }
  }
  while (mode == "stubborn") ::pause();
  return 0;
}
