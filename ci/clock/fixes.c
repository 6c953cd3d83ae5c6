/* What libfaketime 0.9.10 does wrong under ci/at, put right. Preloaded before it.
 *
 * Waits until an instant of the monotonic clock, which ci/at does not fake: a sleep of that kind (Python's time.sleep) is
 * taken for one until a wall time, and now and then, on a busy machine, a wait for a condition (Python's GIL) too. Both
 * are refused, so they bypass it.
 *
 * The semaphore by which processes count their looks at a clock, which ci/at never asks for: it is named after a process,
 * a killed one leaves it behind, and a later process of that number that is to make its own ends with exit code 1 or
 * hangs. Without any, nothing is shared. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef int sleeper(clockid_t, int, const struct timespec *, struct timespec *);
typedef sem_t *opener(const char *, int, ...);
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

sem_t *sem_open(const char *name, int flags, ...) {
  static const char of_libfaketime[] = "/faketime_sem_";
  mode_t mode = 0;
  unsigned value = 0;
  if (strncmp(name, of_libfaketime, sizeof of_libfaketime - 1) == 0) {
    errno = ENOSYS;
    return SEM_FAILED;
  }
  if (flags & O_CREAT) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    value = va_arg(rest, unsigned);
    va_end(rest);
  }
  return ((opener *)dlsym(RTLD_NEXT, "sem_open"))(name, flags, mode, value);
}
