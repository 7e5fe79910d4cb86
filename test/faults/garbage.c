/*
 * Sends UDP packets that mean nothing, or no more, to one address, for so many seconds, as often as it is told.
 *
 *   garbage ADDRESS PORT PER_SECOND SECONDS RECORDED
 *
 * RECORDED is what tcpdump -w wrote of UDP packets on Ethernet and IPv4 without options. Of three packets that are sent one
 * is a recorded one, one is such a one with a bit flipped, and one has random bytes. Prints how many were sent.
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

enum {
  BATCH = 64,
  MAX_LENGTH = 1200,
  MAX_RECORDED = 1000,
  PAUSE_US = 200,
  /* pcap-savefile(5) */
  FILE_HEADER = 24,
  RECORD_HEADER = 4,
  /* Ethernet, IPv4, UDP */
  HEADERS = 42,
};

struct packet {
  size_t length;
  uint8_t bytes[MAX_LENGTH];
};

static struct packet packets[3 * MAX_RECORDED];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

/* Gives how many packets there are to be sent. */
static int prepare(const char *path) {
  FILE *file = fopen(path, "rb");
  uint32_t record[RECORD_HEADER];
  uint8_t headers[HEADERS];
  int count = 0;
  if (file != NULL) fseek(file, FILE_HEADER, SEEK_SET);
  while (file != NULL && count < 3 * MAX_RECORDED && fread(record, sizeof record, 1, file) == 1) {
    struct packet *replayed = &packets[count], *forged = &packets[count + 1], *random = &packets[count + 2];
    replayed->length = record[2] - HEADERS;
    if (record[2] <= HEADERS || replayed->length > MAX_LENGTH) break;
    if (fread(headers, sizeof headers, 1, file) != 1) break;
    if (fread(replayed->bytes, replayed->length, 1, file) != 1) break;
    *forged = *replayed;
    forged->bytes[rand() % forged->length] ^= 1 << rand() % 8;
    random->length = rand() % MAX_LENGTH;
    for (size_t at = 0; at < random->length; at++) random->bytes[at] = rand();
    count += 3;
  }
  if (file != NULL) fclose(file);
  return count;
}

int main(int count, char **words) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  int prepared = count == 6 ? prepare(words[5]) : 0;
  if (prepared == 0 || inet_pton(AF_INET, words[1], &to.sin_addr) != 1) {
    fprintf(stderr, "garbage: nothing was recorded, or see the head of garbage.c for the usage\n");
    return 2;
  }
  to.sin_port = htons(atoi(words[2]));
  double per_second = atof(words[3]), seconds = atof(words[4]);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
    perror("garbage");
    return 1;
  }
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
      struct packet *packet = &packets[(sent + index) % prepared];
      vectors[index] = (struct iovec){packet->bytes, packet->length};
      messages[index].msg_hdr.msg_iov = &vectors[index];
      messages[index].msg_hdr.msg_iovlen = 1;
    }
    int done = sendmmsg(fd, messages, BATCH, 0);
    sent += done > 0 ? done : BATCH;
  }
  printf("%ld\n", sent);
  return 0;
}
