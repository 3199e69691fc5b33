#include "options.hpp"

#include "documents/question.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <vector>

namespace research {

const char* const help_text =
    R"(research_team: answers a question from a folder of documents, with citations

  research_team "QUESTION" FOLDER [options]    FOLDER: Markdown or text files, or one file
  research_team --resume THREAD --store FILE [--answer TEXT]
  research_team --graph mermaid|dot|json
  research_team [options]                      asks its own question about the folder docs here

  --store FILE     keep runs in this SQLite file: after kill -9, the same command goes on, also with a
                   question that waits for your answer
  --thread ID      name of the run's thread (default: made up)
  --resume THREAD  go on with a stored thread, or show its answer
  --answer TEXT    the answer, should the question be ambiguous: an option's number or your words
  --yes            do not ask back: take the first reading (the default without a terminal)
  --ask            without a terminal: stop and wait for --resume THREAD --answer TEXT
  --rounds N       most searches for one sub-question, 1 to 10 (default 3)
  --json           one JSON object on standard output; a failure as {"error": {"code", "message"}}
  --graph FORMAT   draw the graph and do not run
  --progress KIND  on standard error: auto (on a terminal only), plain (lines, always) or none
  --quiet, -q      the same as --progress none
  --slow MS        each executor waits so long, 0 to 60000: for demonstrations
  --help, --version

Exit codes: 0 answered; 1 the run failed; 2 wrong usage; 3 nothing was found that answers it;
4 the run waits for an answer; 5 no documents there; 6 the store cannot be used.
)";

namespace {

/// Taken when neither a question nor a folder is given.
constexpr const char* own_question =
    "What does a checkpoint hold, and what are the causes of a corrupt store?";
constexpr const char* own_folder = "docs";

class reader {
 public:
  reader(int count, const char* const* arguments) : words_(arguments + 1, arguments + count) {}

  [[nodiscard]] bool done() const { return at_ == words_.size(); }
  std::string_view next() { return words_[at_++]; }
  std::string value_of(std::string_view option) {
    if (done()) throw usage_error{std::string{option} + " needs a value"};
    return std::string{next()};
  }
  std::string name_after(std::string_view option) {
    auto name = value_of(option);
    if (name.empty()) throw usage_error{std::string{option} + " needs a value that is not empty"};
    return name;
  }
  int number_of(std::string_view option, int least, int most) {
    const auto text = value_of(option);
    int value = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || rest != text.data() + text.size() || value < least ||
        value > most) {
      throw usage_error{std::string{option} + " takes a number from " + std::to_string(least) +
                        " to " + std::to_string(most) + ", not \"" + text + "\""};
    }
    return value;
  }

 private:
  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
};

progress_kind progress_named(const std::string& name) {
  if (name == "auto") return progress_kind::automatic;
  if (name == "plain") return progress_kind::plain;
  if (name == "none") return progress_kind::none;
  throw usage_error{"--progress takes auto, plain or none, not \"" + name + "\""};
}

/// False when `word` is no option that stands alone.
bool set_flag(command_options& o, std::string_view word) {
  if (word == "--quiet" || word == "-q") {
    o.progress = progress_kind::none;
    return true;
  }
  bool* flag = word == "--json"                   ? &o.json
               : word == "--yes" || word == "-y"  ? &o.yes
               : word == "--ask"                  ? &o.ask
               : word == "--help" || word == "-h" ? &o.help
               : word == "--version"              ? &o.version
                                                  : nullptr;
  if (flag != nullptr) *flag = true;
  return flag != nullptr;
}

void set_option(command_options& o, std::string_view word, reader& arguments) {
  if (word == "--store") {
    o.store = arguments.name_after(word);
  } else if (word == "--thread") {
    o.thread = arguments.name_after(word);
  } else if (word == "--resume") {
    o.resume = arguments.name_after(word);
  } else if (word == "--progress") {
    o.progress = progress_named(arguments.value_of(word));
  } else if (word == "--answer") {
    o.answer = arguments.value_of(word);
  } else if (word == "--graph") {
    o.graph = arguments.value_of(word);
  } else if (word == "--rounds") {
    o.rounds = arguments.number_of(word, 1, 10);
  } else if (word == "--slow") {
    o.slow_ms = arguments.number_of(word, 0, 60'000);
  } else {
    throw usage_error{"there is no option " + std::string{word}};
  }
}

void check(const command_options& o, std::size_t positional) {
  if (o.help || o.version || o.graph) return;
  if (o.resume) {
    if (!o.store) throw usage_error{"--resume needs --store FILE"};
    if (positional > 0) throw usage_error{"--resume takes the question from the store"};
  } else if (positional != 2 && positional != 0) {
    throw usage_error{"give a question, in quotes, and a folder"};
  } else if (positional == 0 && !std::filesystem::exists(o.folder)) {
    throw usage_error{"give a question, in quotes, and a folder; the folder " + o.folder +
                      ", about which it asks its own question, is not here"};
  } else if (!mcp::documents::has_word(o.question)) {
    throw usage_error{"the question has no word in it"};
  } else if (o.folder.empty()) {
    throw usage_error{"the folder's name is empty"};
  }
  if (o.ask && !o.store) throw usage_error{"--ask needs --store FILE, where the run waits"};
}

}  // namespace

bool wants_json(int count, const char* const* arguments) {
  const auto* const end = std::find(arguments, arguments + count, std::string_view{"--"});
  return std::find(arguments, end, std::string_view{"--json"}) != end;
}

command_options parse_options(int count, const char* const* arguments) {
  command_options o;
  std::vector<std::string> positional;
  bool options_end = false;
  for (reader words{count, arguments}; !words.done();) {
    const auto word = words.next();
    if (word == "--" && !options_end) {
      options_end = true;
    } else if (options_end || word.empty() || word.front() != '-') {
      positional.emplace_back(word);
    } else if (!set_flag(o, word)) {
      set_option(o, word, words);
    }
  }
  if (o.graph && *o.graph != "mermaid" && *o.graph != "dot" && *o.graph != "json") {
    throw usage_error{"--graph takes mermaid, dot or json, not \"" + *o.graph + "\""};
  }
  const auto given = positional.size();
  if (given == 0) positional = {own_question, own_folder};
  o.question = positional.front();
  o.folder = positional.back();
  check(o, given);
  return o;
}

}  // namespace research
