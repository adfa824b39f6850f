// Calls of Linux that its C library has and Swift's module of it does not show.
#pragma once
#include <sys/prctl.h>

int syncfs(int descriptor);

/* Asks for a signal when the thread ends that started this process; see prctl(2), which is variadic. */
static inline int atelier_signal_at_parents_death(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }
