/*
 * Sees an address as a client of it does, and writes down what it sees, until SIGTERM. It is C because it must be on
 * time every 2 ms on a machine where ten nodes are at work.
 *
 *   observer LINK ADDRESS PORT MAC OWN_ADDRESS
 *
 * Sends numbered UDP packets to the PORT of the ADDRESS, as any program does, and asks for the ADDRESS by ARP or NDP, to
 * all. It asks as a host of its own, with that MAC and OWN_ADDRESS: what it is answered is not the kernel's to learn
 * from, which finds its neighbours by what it hears and asks itself.
 *
 * Times are microseconds of CLOCK_MONOTONIC, those of what came are the kernel's. Prints a line for each thing:
 *
 *   ready TIME                       packet N leaves at TIME + N * 2000
 *   answer TIME N                    packet N came back
 *   said TIME KIND SOURCE MAC        a frame from SOURCE said that MAC has the address; KIND is reply or notice
 *   end TIME                         no packet that was to leave later has left
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum {
  SEND_EVERY_US = 2000,
  ASK_EVERY_US = 100 * 1000,
  /* what is on its way at the end still counts */
  LINGER_US = 300 * 1000,
  RECEIVE_BUFFER = 8 << 20,
  PRIORITY = -15,
  ARP_LENGTH = 42,
  NDP_LENGTH = 86,
  MAX_FRAME = 2048,
  ICMPV6 = 58,
  NEIGHBOUR_SOLICITATION = 135,
  NEIGHBOUR_ADVERTISEMENT = 136,
  SOURCE_MAC_OPTION = 1,
  TARGET_MAC_OPTION = 2,
};

/* What is observed, and as whom. */
struct view {
  const char *link;
  int family;
  uint8_t address[16], own[16], mac[6];
  uint16_t port;
};

static volatile sig_atomic_t is_over;

static void end(int number) {
  (void)number;
  is_over = 1;
}

static void fail(const char *what) {
  fprintf(stderr, "observer: cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_us(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static void set_up(int fd) {
  int on = 1, size = RECEIVE_BUFFER;
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) fail("have frames stamped");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
}

static int open_udp(const struct view *view) {
  struct sockaddr_storage to = {.ss_family = view->family};
  struct sockaddr_in *to4 = (struct sockaddr_in *)&to;
  struct sockaddr_in6 *to6 = (struct sockaddr_in6 *)&to;
  if (view->family == AF_INET) {
    to4->sin_port = htons(view->port);
    memcpy(&to4->sin_addr, view->address, 4);
  } else {
    to6->sin6_port = htons(view->port);
    memcpy(&to6->sin6_addr, view->address, 16);
  }
  int fd = socket(view->family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail("open a UDP socket");
  set_up(fd);
  return fd;
}

/* Hears ARP, or the two messages of NDP that tell of neighbours, and nothing of what this host sends itself. */
static int open_frames(const struct view *view) {
  struct sock_filter ndp[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV6, 0, 4),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NEIGHBOUR_SOLICITATION, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NEIGHBOUR_ADVERTISEMENT, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, MAX_FRAME), BPF_STMT(BPF_RET | BPF_K, 0)};
  struct sock_fprog program = {sizeof ndp / sizeof *ndp, ndp};
  int protocol = htons(view->family == AF_INET ? ETH_P_ARP : ETH_P_IPV6);
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (fd < 0) fail("open a packet socket");
  if (view->family == AF_INET6 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
    fail("set a filter");
  set_up(fd);
  struct sockaddr_ll link = {
      .sll_family = AF_PACKET, .sll_protocol = protocol, .sll_ifindex = if_nametoindex(view->link)};
  if (bind(fd, (struct sockaddr *)&link, sizeof link) < 0) fail("bind to the link");
  return fd;
}

/* RFC 826. */
static size_t write_arp(const struct view *view, uint8_t *frame) {
  static const uint8_t header[] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};
  memset(frame, 0xff, 6);
  memcpy(frame + 6, view->mac, 6);
  memcpy(frame + 12, header, sizeof header);
  memcpy(frame + 22, view->mac, 6);
  memcpy(frame + 28, view->own, 4);
  memset(frame + 32, 0, 6);
  memcpy(frame + 38, view->address, 4);
  return ARP_LENGTH;
}

/* A Neighbor Solicitation to the group of the address, RFC 4861 §4.3; its checksum is that of RFC 8200 §8.1. */
static size_t write_ndp(const struct view *view, uint8_t *frame) {
  static const uint8_t ip_header[] = {0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, ICMPV6, 255};
  static const uint8_t group[13] = {0xff, 0x02, [11] = 0x01, 0xff};
  const uint8_t *tail = view->address + 13;
  const uint8_t group_mac[] = {0x33, 0x33, 0xff, tail[0], tail[1], tail[2]};
  memset(frame, 0, NDP_LENGTH);
  memcpy(frame, group_mac, 6);
  memcpy(frame + 6, view->mac, 6);
  memcpy(frame + 12, ip_header, sizeof ip_header);
  memcpy(frame + 22, view->own, 16);
  memcpy(frame + 38, group, 13);
  memcpy(frame + 51, tail, 3);
  frame[54] = NEIGHBOUR_SOLICITATION;
  memcpy(frame + 62, view->address, 16);
  frame[78] = SOURCE_MAC_OPTION;
  frame[79] = 1;
  memcpy(frame + 80, view->mac, 6);
  uint32_t sum = 32 + ICMPV6;
  for (size_t at = 22; at < NDP_LENGTH; at += 2) sum += frame[at] << 8 | frame[at + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  frame[56] = ~sum >> 8;
  frame[57] = ~sum;
  return NDP_LENGTH;
}

/* Takes one packet, and gives its length and when the kernel got it; -1: none waits. */
static ssize_t take(int fd, uint8_t *bytes, int64_t *at) {
  char control[64];
  struct iovec vector = {bytes, MAX_FRAME};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, 0);
  if (length < 0) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  int64_t since_epoch = now_us(CLOCK_REALTIME);
  *at = now_us(CLOCK_MONOTONIC);
  if (header != NULL && header->cmsg_type == SCM_TIMESTAMPNS) {
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
    *at -= since_epoch - (stamp.tv_sec * 1000000LL + stamp.tv_nsec / 1000);
  }
  return length;
}

static void take_answers(int fd) {
  uint8_t bytes[MAX_FRAME];
  int64_t at;
  /* what an ICMP error brought is an error of the socket, and goes by being read */
  for (;;) {
    ssize_t length = take(fd, bytes, &at);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    uint32_t number;
    if (length != sizeof number) continue;
    memcpy(&number, bytes, sizeof number);
    printf("answer %ld %u\n", at, ntohl(number));
  }
}

static void tell(int64_t at, const char *kind, const uint8_t *source, const uint8_t *mac) {
  printf("said %ld %s %02x:%02x:%02x:%02x:%02x:%02x %02x:%02x:%02x:%02x:%02x:%02x\n", at, kind, source[0], source[1],
         source[2], source[3], source[4], source[5], mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void hear_arp(const struct view *view, const uint8_t *frame, int64_t at) {
  if (memcmp(frame + 28, view->address, 4) != 0) return;
  int is_reply = frame[21] == 2 && memcmp(frame + 38, view->address, 4) != 0;
  tell(at, is_reply ? "reply" : "notice", frame + 6, frame + 22);
}

/* An advertisement of the address, or a solicitation that comes from it; without the option, the frame says the MAC. */
static void hear_ndp(const struct view *view, const uint8_t *frame, ssize_t length, int64_t at) {
  int is_advertisement = frame[54] == NEIGHBOUR_ADVERTISEMENT;
  const uint8_t *subject = is_advertisement ? frame + 62 : frame + 22;
  if (memcmp(subject, view->address, 16) != 0) return;
  int option = is_advertisement ? TARGET_MAC_OPTION : SOURCE_MAC_OPTION;
  const uint8_t *mac = length >= NDP_LENGTH && frame[78] == option ? frame + 80 : frame + 6;
  tell(at, is_advertisement && (frame[58] & 0x40) != 0 ? "reply" : "notice", frame + 6, mac);
}

static void take_frames(const struct view *view, int fd) {
  uint8_t frame[MAX_FRAME];
  int64_t at;
  for (ssize_t length = take(fd, frame, &at); length >= 0; length = take(fd, frame, &at)) {
    if (view->family == AF_INET && length >= ARP_LENGTH)
      hear_arp(view, frame, at);
    else if (view->family == AF_INET6 && length >= NDP_LENGTH - 8)
      hear_ndp(view, frame, length, at);
  }
}

static void observe(const struct view *view) {
  uint8_t question[NDP_LENGTH];
  size_t length = view->family == AF_INET ? write_arp(view, question) : write_ndp(view, question);
  int udp = open_udp(view), frames = open_frames(view);
  struct pollfd ready[] = {{.fd = udp, .events = POLLIN}, {.fd = frames, .events = POLLIN}};
  int64_t began = now_us(CLOCK_MONOTONIC), ask_at = began, until = INT64_MAX, now = began;
  printf("ready %ld\n", began);
  for (uint32_t next = 0; now < until; now = now_us(CLOCK_MONOTONIC)) {
    if (is_over && until == INT64_MAX) {
      printf("end %ld\n", began + (int64_t)next * SEND_EVERY_US);
      until = now + LINGER_US;
    }
    for (; until == INT64_MAX && now >= began + (int64_t)next * SEND_EVERY_US; next++) {
      uint32_t number = htonl(next);
      /* a packet that cannot be sent is a packet lost */
      (void)!send(udp, &number, sizeof number, 0);
    }
    if (now >= ask_at) {
      (void)!send(frames, question, length, 0);
      ask_at += ASK_EVERY_US;
      fflush(stdout);
    }
    take_answers(udp);
    take_frames(view, frames);
    int64_t wake = until == INT64_MAX ? began + (int64_t)next * SEND_EVERY_US : ask_at;
    int64_t pause = wake - now_us(CLOCK_MONOTONIC);
    struct timespec timeout = {0, (pause > 0 ? pause : 0) * 1000};
    ppoll(ready, 2, &timeout, NULL);
  }
}

int main(int count, char **words) {
  if (count != 6) {
    fprintf(stderr, "observer: see the head of observer.c for the usage\n");
    return 2;
  }
  struct view view = {.link = words[1], .family = strchr(words[2], ':') ? AF_INET6 : AF_INET, .port = atoi(words[3])};
  for (int at = 0; at < 6; at++) view.mac[at] = strtoul(words[4] + 3 * at, NULL, 16);
  if (inet_pton(view.family, words[2], view.address) != 1) fail("read the address");
  if (inet_pton(view.family, words[5], view.own) != 1) fail("read the own address");
  signal(SIGTERM, end);
  setpriority(PRIO_PROCESS, 0, PRIORITY);
  observe(&view);
  return 0;
}
