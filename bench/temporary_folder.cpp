#include "floors.hpp"

#include <cstdlib>
#include <string>
#include <system_error>

namespace bench {

temporary_folder::temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "mcp-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make a folder like " + name);
  }
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace bench
