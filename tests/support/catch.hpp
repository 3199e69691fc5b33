#pragma once

// The one place that knows which Catch2 is installed: 2.13 on Debian 12, 3.x on newer systems.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
// Each assertion compiles to less; what throws in one is reported all the same.
#define CATCH_CONFIG_FAST_COMPILE
#include <catch2/catch.hpp>
#endif
