/*
 * A library that sets the wall clock of the program into which it is preloaded, and of no other: the machine's clock stays
 * as it is, and so does CLOCK_MONOTONIC, as when an administrator or NTP sets a clock.
 *
 *   LD_PRELOAD=wall-clock.so WALL_CLOCK_DIRECTORY=FOLDER HERALD_NODE_NAME=n1 PROGRAM
 *
 * The file FOLDER/n1 holds by how many seconds the clock is ahead, as an int64_t: it may be written to at any time. Not
 * shifted are the kernel's stamps of what arrives.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t none = 0;
static const volatile int64_t *ahead = &none;

__attribute__((constructor)) static void find_shift(void) {
  const char *folder = getenv("WALL_CLOCK_DIRECTORY"), *name = getenv("HERALD_NODE_NAME");
  char path[4096];
  if (folder == NULL || name == NULL || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  void *mapped = ftruncate(fd, sizeof *ahead) < 0 ? MAP_FAILED : mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) ahead = mapped;
  close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec exact;
  int result = clock_gettime(CLOCK_REALTIME, &exact);
  *now = (struct timeval){exact.tv_sec, exact.tv_nsec / 1000};
  return result;
}

time_t time(time_t *copy) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  if (copy != NULL) *copy = now.tv_sec;
  return now.tv_sec;
}

/* Waits until a time of the wall clock, which the kernel compares with its own. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
  static int (*real)(sem_t *, const struct timespec *);
  if (real == NULL) real = (int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT, "sem_timedwait");
  struct timespec unshifted = {until->tv_sec - *ahead, until->tv_nsec};
  return real(semaphore, &unshifted);
}
