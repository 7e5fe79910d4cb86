/*
 * Asks for addresses by ARP or NDP as often and as fast as it is told, and measures the answers. It is C because one
 * core has to ask more often than what is measured can answer.
 *
 *   traffic flood LINK FAMILY FIRST COUNT ASKERS PER_SECOND SECONDS    counts the answers; 0 per second: as many as can be
 *   traffic pace  LINK FAMILY FIRST COUNT ASKERS PER_SECOND SECONDS    times each answer
 *   traffic wrong LINK FAMILY FIRST COUNT ASKERS PER_SECOND SECONDS    as flood; each question is spoilt, and many cut
 *   traffic watch LINK FAMILY FIRST COUNT SECONDS                      times the first announcement of each address, from
 *                                                                      the first of all
 *   traffic answer LINK                                                answers every ARP request, until it is ended: what
 *                                                                      a program takes that does nothing else
 *
 * FAMILY is 4, or 6, or 6@ and a MAC address to which questions then go instead of to groups; the COUNT addresses follow each other from FIRST, and are asked for in turn. Prints one JSON object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

enum {
  BATCH = 64,
  STRIDE = 96,
  ARP_LENGTH = 42,
  NS_LENGTH = 86,
  IPV6_LENGTH = 40,
  NEIGHBOUR_SOLICITATION = 135,
  NEIGHBOUR_ADVERTISEMENT = 136,
  ASKER_MAC_START = 0x02000001,
  RECEIVE_BUFFER = 64 << 20,
  MAX_WATCHED = 1 << 20,
  /* what has been sent may still be answered for so long */
  LINGER_NS = 100 * 1000 * 1000,
};

static const int64_t SECOND_NS = 1000 * 1000 * 1000;

struct question {
  const char *link;
  int family;
  /* of one host, or all zero */
  uint8_t mac[6];
  uint8_t first[16];
  uint32_t count, askers;
  double per_second, seconds;
};

static void fail(const char *what) {
  fprintf(stderr, "traffic: cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * SECOND_NS + time.tv_nsec;
}

/* The address that is `index` behind the first, in network order; the last 32 bits of an IPv6 address are counted. */
static void address_at(const struct question *q, uint32_t index, uint8_t *to) {
  size_t length = q->family == 4 ? 4 : 16;
  memcpy(to, q->first, length);
  uint32_t tail;
  memcpy(&tail, to + length - 4, 4);
  tail = htonl(ntohl(tail) + index);
  memcpy(to + length - 4, &tail, 4);
}

/* Its place behind the first, or `count` when it is none of them. */
static uint32_t index_of(const struct question *q, const uint8_t *address) {
  size_t prefix = q->family == 4 ? 0 : 12;
  uint32_t first, tail;
  memcpy(&first, q->first + prefix, 4);
  memcpy(&tail, address + prefix, 4);
  uint32_t index = ntohl(tail) - ntohl(first);
  return memcmp(address, q->first, prefix) == 0 && index < q->count ? index : q->count;
}

static uint16_t checksum(uint32_t sum, const uint8_t *bytes, size_t length) {
  for (size_t at = 0; at + 1 < length; at += 2) sum += bytes[at] << 8 | bytes[at + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum & 0xffff);
}

/* An ARP request for `target`, broadcast by an asker whose address is 192.0.2.128 or one of the hundred behind it. */
static void write_arp(uint8_t *frame, const uint8_t *mac, uint32_t asker, const uint8_t *target) {
  static const uint8_t header[] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};
  const uint8_t sender[] = {192, 0, 2, 128 + asker % 100};
  memset(frame, 0xff, 6);
  memcpy(frame + 6, mac, 6);
  memcpy(frame + 12, header, sizeof header);
  memcpy(frame + 22, mac, 6);
  memcpy(frame + 28, sender, 4);
  memset(frame + 32, 0, 6);
  memcpy(frame + 38, target, 4);
}

/*
 * A Neighbor Solicitation for `target`, RFC 4861 §4.3, by an asker in 2001:db8::2:0/112: to the group of the address, as
 * from one who does not know its owner, or to the MAC address of its owner, as from one who asks whether it is there.
 */
static void write_ns(const struct question *q, uint8_t *frame, const uint8_t *mac, uint32_t asker, const uint8_t *target) {
  static const uint8_t group[13] = {0xff, 0x02, [11] = 0x01, 0xff}, nobody[6];
  uint8_t source[16] = {0x20, 0x01, 0x0d, 0xb8, [13] = 2, [14] = asker >> 8, asker & 0xff};
  memset(frame, 0, NS_LENGTH);
  uint8_t *ip = frame + 14, *icmp = ip + IPV6_LENGTH;
  memcpy(ip + 24, target, 16);
  if (memcmp(q->mac, nobody, 6) == 0) {
    const uint8_t group_mac[] = {0x33, 0x33, 0xff, target[13], target[14], target[15]};
    memcpy(frame, group_mac, 6);
    memcpy(ip + 24, group, 13);
  } else {
    memcpy(frame, q->mac, 6);
  }
  memcpy(frame + 6, mac, 6);
  frame[12] = 0x86, frame[13] = 0xdd;
  const uint16_t length = NS_LENGTH - 14 - IPV6_LENGTH;
  ip[0] = 0x60, ip[5] = length, ip[6] = IPPROTO_ICMPV6, ip[7] = 255;
  memcpy(ip + 8, source, 16);
  icmp[0] = NEIGHBOUR_SOLICITATION;
  memcpy(icmp + 8, target, 16);
  icmp[24] = 1, icmp[25] = 1;
  memcpy(icmp + 26, mac, 6);
  /* the addresses, the payload length and the next header are the pseudo-header, RFC 8200 §8.1 */
  uint16_t sum = checksum(length + IPPROTO_ICMPV6, ip + 8, 32 + length);
  memcpy(icmp + 2, &sum, 2);
}

/* Every question once: each address, and each asker, as often as the other. */
static uint8_t *write_frames(const struct question *q, uint32_t *count) {
  *count = q->count > q->askers ? q->count : q->askers;
  uint8_t *frames = malloc((size_t)*count * STRIDE);
  for (uint32_t index = 0; index < *count; index++) {
    uint32_t asker = index % q->askers;
    const uint8_t mac[] = {0x02, 0, 0, 0x01, asker >> 8, asker & 0xff}; /* see ASKER_MAC_START */
    uint8_t target[16];
    address_at(q, index % q->count, target);
    uint8_t *frame = frames + (size_t)index * STRIDE;
    if (q->family == 4)
      write_arp(frame, mac, asker, target);
    else
      write_ns(q, frame, mac, asker, target);
  }
  return frames;
}

/* Spoils every question beyond doubt, then changes some bytes and cuts some off, the same in every run. */
static void spoil(const struct question *q, uint8_t *frames, uint32_t count) {
  size_t length = q->family == 4 ? ARP_LENGTH : NS_LENGTH;
  srand(1);
  for (uint32_t index = 0; index < count; index++) {
    uint8_t *frame = frames + (size_t)index * STRIDE;
    for (int change = rand() % 4; change > 0; change--) frame[14 + rand() % (length - 14)] = rand();
    /* hardware type 9xx; a hop limit of 64 */
    if (q->family == 4)
      frame[14] = 9;
    else
      frame[21] = 64;
  }
}

static int open_socket(const char *link, uint16_t protocol, const struct sock_filter *filter, size_t length) {
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) fail("open a packet socket");
  struct sock_fprog program = {length, (struct sock_filter *)filter};
  if (length > 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) fail("set a filter");
  int size = RECEIVE_BUFFER;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = if_nametoindex(link)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind to the link");
  return fd;
}

/* A socket that hears answers alone, `snap` bytes of each: ARP replies or NAs, to an asker. */
static int open_for_answers(const struct question *q, uint32_t snap) {
  struct sock_filter arp[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ASKER_MAC_START, 0, 3),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, snap),        BPF_STMT(BPF_RET | BPF_K, 0)};
  struct sock_filter na[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ASKER_MAC_START, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NEIGHBOUR_ADVERTISEMENT, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, snap),        BPF_STMT(BPF_RET | BPF_K, 0)};
  return q->family == 4 ? open_socket(q->link, ETH_P_ARP, arp, sizeof arp / sizeof *arp)
                        : open_socket(q->link, ETH_P_IPV6, na, sizeof na / sizeof *na);
}

/* What a socket has heard since the last call, read or not. */
static uint64_t take_heard(int fd) {
  struct tpacket_stats stats;
  socklen_t length = sizeof stats;
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) < 0) fail("read the statistics");
  return stats.tp_packets;
}

static void flood(const struct question *q, int is_wrong) {
  /* the answers are counted by the kernel, and dropped */
  int counter = open_for_answers(q, 1);
  int fd = open_socket(q->link, 0, NULL, 0);
  uint32_t count, next = 0;
  uint8_t *frames = write_frames(q, &count);
  size_t length = q->family == 4 ? ARP_LENGTH : NS_LENGTH;
  if (is_wrong) spoil(q, frames, count);
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH] = {0};
  for (int index = 0; index < BATCH; index++) {
    vectors[index].iov_len = is_wrong && index % 4 == 0 ? length - index / 4 : length;
    messages[index].msg_hdr.msg_iov = &vectors[index];
    messages[index].msg_hdr.msg_iovlen = 1;
  }
  take_heard(counter);
  int64_t began = now_ns(CLOCK_MONOTONIC), end = began + q->seconds * SECOND_NS, now = began;
  uint64_t sent = 0, heard = 0;
  int small = q->per_second > 0 && q->per_second < 100000 ? 8 : BATCH;
  while (now < end) {
    if (q->per_second == 0 || sent < (now - began) * q->per_second / SECOND_NS) {
      for (int index = 0; index < small; index++) {
        vectors[index].iov_base = frames + (size_t)next * STRIDE;
        next = next + 1 == count ? 0 : next + 1;
      }
      int done = sendmmsg(fd, messages, small, 0);
      sent += done > 0 ? done : 0;
    }
    now = now_ns(CLOCK_MONOTONIC);
  }
  /* what waits at the end is answered after it, and what waited at the beginning was not there */
  heard = take_heard(counter);
  double seconds = (double)(now - began) / SECOND_NS;
  while (now_ns(CLOCK_MONOTONIC) < now + LINGER_NS) continue;
  printf("{\"sent\":%lu,\"answered\":%lu,\"late\":%lu,\"seconds\":%f}\n", sent, heard, take_heard(counter), seconds);
}

/* Which question an answer is to, or `count`: of several askers of one address, and of several addresses of one asker. */
static uint32_t answered_question(const struct question *q, const uint8_t *answer, uint32_t count) {
  uint32_t address = index_of(q, answer + (q->family == 4 ? 28 : 62));
  uint32_t asker = answer[4] << 8 | answer[5];
  if (address == q->count || asker >= q->askers) return count;
  return q->count >= q->askers ? address : asker;
}

/* Sends on time whether or not the last was answered, and takes the answers in between. Prints microseconds. */
static void pace(const struct question *q) {
  int fd = open_for_answers(q, STRIDE);
  uint32_t count, next = 0;
  uint8_t *frames = write_frames(q, &count);
  size_t length = q->family == 4 ? ARP_LENGTH : NS_LENGTH, most = q->per_second * q->seconds + 1;
  int64_t *sent_at = calloc(count, sizeof *sent_at);
  float *latencies = malloc(most * sizeof *latencies);
  size_t answered = 0, sent = 0;
  int64_t began = now_ns(CLOCK_MONOTONIC), interval = SECOND_NS / q->per_second;
  int64_t end = began + q->seconds * SECOND_NS;
  for (int64_t now = began; now < end + LINGER_NS; now = now_ns(CLOCK_MONOTONIC)) {
    if (now < end && now >= began + (int64_t)sent * interval) {
      sent_at[next] = now;
      if (send(fd, frames + (size_t)next * STRIDE, length, 0) > 0) sent++;
      next = next + 1 == count ? 0 : next + 1;
    }
    uint8_t answer[STRIDE];
    if (recv(fd, answer, sizeof answer, MSG_DONTWAIT) >= (ssize_t)ARP_LENGTH) {
      uint32_t index = answered_question(q, answer, count);
      if (index < count && sent_at[index] != 0 && answered < most) {
        latencies[answered++] = (now_ns(CLOCK_MONOTONIC) - sent_at[index]) / 1000.0f;
        sent_at[index] = 0;
      }
    }
  }
  printf("{\"sent\":%zu,\"latenciesUs\":[", sent);
  for (size_t index = 0; index < answered; index++) printf(index ? ",%.1f" : "%.1f", latencies[index]);
  printf("]}\n");
}

/* The address that a frame announces, or NULL. */
static const uint8_t *announced_address(const struct question *q, const uint8_t *frame, ssize_t length) {
  static const uint8_t arp[] = {0x08, 0x06}, ipv6[] = {0x86, 0xdd};
  if (q->family == 4)
    return length >= ARP_LENGTH && memcmp(frame + 12, arp, 2) == 0 && memcmp(frame + 28, frame + 38, 4) == 0
               ? frame + 28
               : NULL;
  return length >= NS_LENGTH && memcmp(frame + 12, ipv6, 2) == 0 && frame[54] == NEIGHBOUR_ADVERTISEMENT &&
                 (frame[58] & 0x40) == 0
             ? frame + 62
             : NULL;
}

/* The most that fell into one second. */
static size_t most_in_a_second(const int64_t *times, size_t count) {
  size_t most = 0;
  for (size_t last = 0, first = 0; last < count; last++) {
    while (times[last] - times[first] >= SECOND_NS) first++;
    if (last - first + 1 > most) most = last - first + 1;
  }
  return most;
}

static void watch(const struct question *q) {
  int fd = open_socket(q->link, ETH_P_ALL, NULL, 0);
  int64_t *first = calloc(q->count, sizeof *first);
  int64_t *all = malloc(MAX_WATCHED * sizeof *all);
  size_t frames = 0;
  struct timespec stamp;
  struct timeval patience = {0, 10000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  /* the first call turns the stamps on */
  ioctl(fd, SIOCGSTAMPNS, &stamp);
  printf("{\"watching\":true}\n");
  fflush(stdout);
  for (int64_t end = now_ns(CLOCK_MONOTONIC) + q->seconds * SECOND_NS; now_ns(CLOCK_MONOTONIC) < end;) {
    uint8_t frame[STRIDE];
    struct sockaddr_ll from;
    socklen_t from_length = sizeof from;
    ssize_t length = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &from_length);
    if (length < 0 || ioctl(fd, SIOCGSTAMPNS, &stamp) < 0) continue;
    int64_t at = stamp.tv_sec * SECOND_NS + stamp.tv_nsec;
    const uint8_t *address =
        from.sll_pkttype == PACKET_OUTGOING ? NULL : announced_address(q, frame, length);
    uint32_t index = address == NULL ? q->count : index_of(q, address);
    if (index == q->count || frames == MAX_WATCHED) continue;
    all[frames++] = at;
    if (first[index] == 0) first[index] = at;
  }
  printf("{\"mostInASecond\":%zu,\"firstMs\":[", most_in_a_second(all, frames));
  for (uint32_t index = 0; index < q->count; index++)
    printf(index ? ",%.3f" : "%.3f", first[index] == 0 ? -1 : (first[index] - all[0]) / 1e6);
  printf("]}\n");
}

/* As the speaker does: sleeps, takes what waits, sends the answers. */
static void answer(const char *link) {
  int fd = open_socket(link, ETH_P_ARP, NULL, 0);
  struct ifreq request = {0};
  strncpy(request.ifr_name, link, IFNAMSIZ - 1);
  if (ioctl(fd, SIOCGIFHWADDR, &request) < 0) fail("read the MAC address");
  const void *mac = request.ifr_hwaddr.sa_data;
  static uint8_t frames[BATCH][STRIDE];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH] = {0};
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  printf("{\"answering\":true}\n");
  fflush(stdout);
  while (poll(&waiting, 1, -1) >= 0) {
    for (int index = 0; index < BATCH; index++) {
      vectors[index] = (struct iovec){frames[index], STRIDE};
      messages[index].msg_hdr.msg_iov = &vectors[index];
      messages[index].msg_hdr.msg_iovlen = 1;
    }
    int heard = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL), answers = 0;
    for (int index = 0; index < heard; index++) {
      uint8_t *frame = frames[index], target[4];
      if (messages[index].msg_len < ARP_LENGTH || frame[21] != 1) continue;
      memcpy(target, frame + 38, 4);
      memcpy(frame, frame + 6, 6);
      memcpy(frame + 6, mac, 6);
      frame[21] = 2;
      memcpy(frame + 32, frame + 22, 10);
      memcpy(frame + 22, mac, 6);
      memcpy(frame + 28, target, 4);
      vectors[answers++] = (struct iovec){frame, ARP_LENGTH};
    }
    if (answers > 0) sendmmsg(fd, messages, answers, 0);
  }
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "answer") == 0) {
    answer(words[2]);
    return 1;
  }
  if (count != 7 && count != 9) {
    fprintf(stderr, "traffic: see the head of traffic.c for the usage\n");
    return 2;
  }
  int is_watch = strcmp(words[1], "watch") == 0;
  struct question q = {.link = words[2],
                       .family = atoi(words[3]),
                       .count = strtoul(words[5], NULL, 10),
                       .askers = is_watch ? 1 : strtoul(words[6], NULL, 10),
                       .per_second = is_watch ? 0 : atof(words[7]),
                       .seconds = atof(words[count - 1])};
  if (words[3][1] == '@')
    for (int at = 0; at < 6; at++) q.mac[at] = strtoul(words[3] + 2 + 3 * at, NULL, 16);
  if (inet_pton(q.family == 4 ? AF_INET : AF_INET6, words[4], q.first) != 1) fail("read the first address");
  if (is_watch)
    watch(&q);
  else if (strcmp(words[1], "pace") == 0)
    pace(&q);
  else
    flood(&q, strcmp(words[1], "wrong") == 0);
  return 0;
}
