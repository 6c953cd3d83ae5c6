/* Waits until an instant of the monotonic clock, which ci/at does not fake. libfaketime 0.9.10 takes a sleep of that kind
 * (Python's time.sleep) for one until a wall time, and now and then, on a busy machine, a wait for a condition (Python's
 * GIL): both are refused. So they bypass it. Preloaded before libfaketime. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef int sleeper(clockid_t, int, const struct timespec *, struct timespec *);
typedef int waiter(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

enum { LONG_BEFORE_NOW = 1000000000 }; /* seconds: in 2001 as a wall time, 31 years after booting as a monotonic one */

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
  if (clock == CLOCK_MONOTONIC) {
    int before = errno, code = syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno : 0;
    errno = before;
    return code;
  }
  return ((sleeper *)dlsym(RTLD_NEXT, "clock_nanosleep"))(clock, flags, until, left);
}

static waiter *asked, *bypassing;

__attribute__((constructor)) static void find_both(void) {
  asked = (waiter *)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  bypassing = (waiter *)dlsym(dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), "pthread_cond_timedwait");
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
  return (until->tv_sec < LONG_BEFORE_NOW ? bypassing : asked)(condition, mutex, until);
}
