#include "mcp/agents/research_tools.hpp"

#include "agents/tool_test_harness.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// A root with a folder of documents in it, and a secret beside the root.
class library_folder {
 public:
  library_folder() {
    fs::create_directories(root() + "/docs/deep");
    write("root/docs/owls.md",
          "# Owls\n\nAn owl is a bird that hunts at night.\n\n"
          "Owls are silent because their feathers have soft edges.\n");
    write("root/docs/deep/bats.md", "# Bats\n\nBats hunt insects with the help of echoes.\n");
    write("secret.md", "The secret owl is outside.\n");
    fs::create_symlink(folder_.file("secret.md"), root() + "/docs/link.md");
    fs::create_directory_symlink(fs::path{folder_.file("secret.md")}.parent_path(),
                                 root() + "/way_out");
  }
  [[nodiscard]] std::string root() const { return folder_.file("root"); }
  [[nodiscard]] std::shared_ptr<document_library> open() const {
    return open_document_library({.root = root()});
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{folder_.file(name)} << text;
  }

 private:
  temporary_folder folder_;
};

json ask(const std::shared_ptr<tool>& what, const json& arguments) {
  return json::parse(answer_of(*what, arguments.dump()).content);
}

}  // namespace

TEST_CASE("Passages of a library are found with file and line") {
  const library_folder folder;
  const auto search = search_library_tool(folder.open());
  const auto found = ask(search, {{"query", "silent feathers"}, {"folder", "docs"}});
  REQUIRE(found.size() == 1);
  CHECK(found[0]["value"]["source"] == "owls.md");
  CHECK(found[0]["value"]["line"] == 5);
  CHECK(found[0]["value"]["heading"] == "Owls");
  CHECK(ask(search, {{"query", "echoes"}, {"folder", "docs/deep"}})[0]["key"] == "bats.md:3");
  CHECK(ask(search, {{"query", "echoes"}})[0]["value"]["source"] == "docs/deep/bats.md");
}

TEST_CASE("A library is never left: by no path, no absolute one, no link") {
  const library_folder folder;
  const auto search = search_library_tool(folder.open());
  const auto refused = [&](const std::string& where) {
    return failure_of(*search, json{{"query", "secret"}, {"folder", where}}.dump()).error.code();
  };
  CHECK(refused("..") == errc::access_denied);
  CHECK(refused("docs/../../") == errc::access_denied);
  CHECK(refused("../nowhere") == errc::access_denied);
  CHECK(refused("/") == errc::access_denied);
  CHECK(refused("way_out") == errc::access_denied);
  CHECK(refused("nowhere") == errc::tool_failed);
  CHECK(ask(search, {{"query", "secret"}, {"folder", "docs"}}).empty());
  CHECK(ask(search, {{"query", "silent"}, {"folder", folder.root() + "/docs"}}).size() == 1);
  CHECK_THROWS_WITH(open_document_library({.root = folder.root() + "/nowhere"}),
                    Contains("is no folder"));
}

TEST_CASE("The research tools answer a question with citations that hold") {
  const library_folder folder;
  const auto library = folder.open();
  const auto split =
      ask(split_question_tool(), {{"question", "What is an owl, and why are owls silent?"}});
  REQUIRE(split["parts"].size() == 2);
  json found = json::array();
  json tried = json::array();
  const auto find = find_quotations_tool(library);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto got =
        ask(find, {{"query", ""}, {"folder", "docs"}, {"part", split["parts"][i]}, {"number", i}});
    for (const auto& one : got["quotations"]) found.push_back(one);
    tried.push_back(got["query"]);
  }
  const auto reviewed =
      ask(review_quotations_tool(library),
          {{"folder", "docs"}, {"parts", split["parts"]}, {"found", found}, {"tried", tried}});
  CHECK(reviewed["verdicts"].size() == 2);
  CHECK(reviewed["todo"].empty());
  const auto made = ask(compose_answer_tool(library), {{"folder", "docs"},
                                                       {"question", split["question"]},
                                                       {"parts", reviewed["parts"]},
                                                       {"notes", split["notes"]},
                                                       {"found", found},
                                                       {"verdicts", reviewed["verdicts"]}});
  CHECK(made["problems"].empty());
  CHECK_THAT(made["answer"].get<std::string>(), Contains("hunts at night"));
  REQUIRE(made["citations"].size() == 2);
  CHECK(made["citations"][0]["line"].get<int>() + made["citations"][1]["line"].get<int>() == 3 + 5);

  const auto check = check_citations_tool(library);
  auto citations = made["citations"];
  CHECK(ask(check,
            {{"folder", "docs"}, {"answer", "It hunts [1]."}, {"citations", citations}})["ok"] ==
        true);
  const auto unknown =
      ask(check, {{"folder", "docs"}, {"answer", "It hunts [7]."}, {"citations", citations}});
  CHECK_THAT(unknown["problems"].dump(), Contains("[7]"));
  citations[0]["line"] = 1;
  citations[0]["last_line"] = 1;
  CHECK(ask(check, {{"folder", "docs"}, {"citations", citations}})["ok"] == false);
}

TEST_CASE("What a model adds to a part is searched for too") {
  const library_folder folder;
  const auto library = folder.open();
  const auto part = ask(split_question_tool(), {{"question", "What is an owl?"}})["parts"][0];
  const auto plain =
      ask(find_quotations_tool(library), {{"query", ""}, {"folder", "docs"}, {"part", part}});
  const auto more = ask(find_quotations_tool(library),
                        {{"query", "feathers"}, {"folder", "docs"}, {"part", part}});
  CHECK(plain["query"] != more["query"]);
  CHECK_THAT(more["query"].get<std::string>(), Contains("feather"));
}

TEST_CASE("Arguments of the research tools that do not fit are told") {
  const library_folder folder;
  const auto library = folder.open();
  const auto review = review_quotations_tool(library);
  const json evidence{{"text", "x"}, {"path", "owls.md"}, {"sub_question", 3}};
  CHECK(failure_of(*review, json{{"found", {evidence}}}.dump()).error.code() ==
        errc::invalid_tool_call);
  const json verdict{{"sub_question", -1}, {"state", "covered"}};
  CHECK(failure_of(*compose_answer_tool(library), json{{"verdicts", {verdict}}}.dump())
            .error.code() == errc::invalid_tool_call);
  const auto longest = std::string(5000, 'x');
  CHECK(failure_of(*split_question_tool(), json{{"question", longest}}.dump()).error.code() ==
        errc::invalid_tool_call);
  CHECK_THROWS_AS(find_quotations_tool(nullptr), error);
}
