/* libfaketime 0.9.10 takes a sleep until an instant of the monotonic clock (Python's time.sleep) for one until a wall
 * time, and refuses it: that clock is not faked here, so the kernel is asked straight. Preloaded before libfaketime. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef int sleeper(clockid_t, int, const struct timespec *, struct timespec *);

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
  if (clock == CLOCK_MONOTONIC) {
    int before = errno, code = syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno : 0;
    errno = before;
    return code;
  }
  return ((sleeper *)dlsym(RTLD_NEXT, "clock_nanosleep"))(clock, flags, until, left);
}
