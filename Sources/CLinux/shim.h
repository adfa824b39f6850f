// Calls of Linux that its C library has and Swift's module of it does not show.
#pragma once

int syncfs(int descriptor);
