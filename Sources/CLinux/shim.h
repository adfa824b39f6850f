// Calls of Linux that its C library has and Swift's module of it does not show.
#pragma once
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

int syncfs(int descriptor);

/* Asks for a signal when the thread ends that started this process; see prctl(2), which is variadic. */
static inline int atelier_signal_at_parents_death(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

/* Puts a page of zeros where a mapped file has none any more; whatever else the signal means ends the process. */
static void atelier_fill_missing_page(int number, siginfo_t *information, void *context) {
  (void)context;
  uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t page = (uintptr_t)information->si_addr / size * size;
  if (information->si_code == BUS_ADRERR &&
      mmap((void *)page, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
    return;
  signal(number, SIG_DFL);
}

/* Lets reads of mapped files that were cut short give zeros, where they would end the process with SIGBUS. */
static inline int atelier_read_missing_pages_as_zeros(void) {
  struct sigaction action = {0};
  action.sa_sigaction = atelier_fill_missing_page;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGBUS, &action, 0);
}
