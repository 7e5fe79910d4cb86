/*
 * Sends UDP packets of random bytes to one address, for so many seconds, as often as it is told.
 *
 *   garbage ADDRESS PORT PER_SECOND SECONDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, MAX_LENGTH = 1200, PAUSE_US = 200 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **words) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  if (count != 5 || inet_pton(AF_INET, words[1], &to.sin_addr) != 1) {
    fprintf(stderr, "garbage: see the head of garbage.c for the usage\n");
    return 2;
  }
  to.sin_port = htons(atoi(words[2]));
  double per_second = atof(words[3]), seconds = atof(words[4]);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
    perror("garbage");
    return 1;
  }
  static uint8_t bytes[BATCH + MAX_LENGTH];
  for (size_t at = 0; at < sizeof bytes; at++) bytes[at] = rand();
  double began = now();
  long sent = 0;
  for (double at = began; at < began + seconds; at = now()) {
    if (sent > (at - began) * per_second) {
      usleep(PAUSE_US);
      continue;
    }
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH] = {0};
    for (int index = 0; index < BATCH; index++) {
      vectors[index] = (struct iovec){bytes + index, rand() % MAX_LENGTH};
      messages[index].msg_hdr.msg_iov = &vectors[index];
      messages[index].msg_hdr.msg_iovlen = 1;
    }
    int done = sendmmsg(fd, messages, BATCH, 0);
    sent += done > 0 ? done : BATCH;
  }
  printf("%ld\n", sent);
  return 0;
}
