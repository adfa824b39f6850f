// Calls of Linux that its C library has and Swift's module of it does not show.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

int syncfs(int descriptor);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *folder);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

/* O_TMPFILE, which the header has for GNU's extensions alone. */
#define ATELIER_UNNAMED (020000000 | O_DIRECTORY)

/* Opens a new file in a folder that has no name yet: whatever ends the process, nothing is left of it. -1 where the
   file system knows no such files. */
static inline int atelier_open_unnamed(const char *folder) {
  return open(folder, ATELIER_UNNAMED | O_WRONLY | O_CLOEXEC, 0666);
}

/* Gives such a file a name that is not taken; see linkat(2). */
static inline int atelier_name(int descriptor, const char *path) {
  char open_file[32];
  snprintf(open_file, sizeof open_file, "/proc/self/fd/%d", descriptor);
  return linkat(AT_FDCWD, open_file, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

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
