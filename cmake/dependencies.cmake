# The libraries of others that the project uses, found once for all folders. Which layer of libmcp
# links which stands in libmcp/CMakeLists.txt; to drop one, remove it there and here.
find_package(nlohmann_json 3.10 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PCRE2 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL 7.80 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CAF 0.17.5...<0.18 REQUIRED COMPONENTS core)
message(STATUS "CAF ${CAF_VERSION}: ${CAF_core_LIBRARY}")
