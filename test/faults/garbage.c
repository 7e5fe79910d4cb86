/*
 * Sends UDP packets of random bytes to one address, for so many seconds, as often as it is told; behind the same first
 * bytes, if it is given any.
 *
 *   garbage ADDRESS PORT PER_SECOND SECONDS [HEX]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, MAX_LENGTH = 1200, MAX_HEADER = 64, MIN_BEHIND = 64, PAUSE_US = 200 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

/* Gives the length, or -1 when it is no hex or too long. */
static int parse_hex(const char *hex, uint8_t *bytes) {
  size_t length = strlen(hex) / 2;
  if (strlen(hex) % 2 != 0 || length > MAX_HEADER) return -1;
  for (size_t at = 0; at < length; at++) {
    if (sscanf(hex + 2 * at, "%2hhx", &bytes[at]) != 1) return -1;
  }
  return length;
}

int main(int count, char **words) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  static uint8_t header[MAX_HEADER];
  int header_length = count == 6 ? parse_hex(words[5], header) : 0;
  if (count < 5 || count > 6 || header_length < 0 || inet_pton(AF_INET, words[1], &to.sin_addr) != 1) {
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
  static uint8_t bytes[BATCH * MAX_LENGTH];
  for (size_t at = 0; at < sizeof bytes; at++) bytes[at] = rand();
  double began = now();
  long sent = 0;
  for (double at = began; at < began + seconds; at = now()) {
    if (sent > (at - began) * per_second) {
      usleep(PAUSE_US);
      continue;
    }
    struct iovec vectors[BATCH][2];
    struct mmsghdr messages[BATCH] = {0};
    for (int index = 0; index < BATCH; index++) {
      /* behind a header so much follows that the packet is not too short or too long for one */
      int length = header_length == 0 ? rand() % MAX_LENGTH
                                      : MIN_BEHIND + rand() % (MAX_LENGTH - MAX_HEADER - MIN_BEHIND);
      vectors[index][0] = (struct iovec){header, header_length};
      vectors[index][1] = (struct iovec){bytes + rand() % (sizeof bytes - MAX_LENGTH), length};
      messages[index].msg_hdr.msg_iov = vectors[index];
      messages[index].msg_hdr.msg_iovlen = 2;
    }
    int done = sendmmsg(fd, messages, BATCH, 0);
    sent += done > 0 ? done : BATCH;
  }
  printf("%ld\n", sent);
  return 0;
}
