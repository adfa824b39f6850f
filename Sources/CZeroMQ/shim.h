#pragma once
#include <malloc.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <zmq.h>

/* The flags are an anonymous enumeration, which Swift does not import as integers. */
static inline int atelier_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/* Bytes that a connection of TCP has brought since it began: tcpi_bytes_received of Linux's struct tcp_info, which the
   C library declares without it. -1 for what is no connection of TCP. */
static inline int64_t atelier_bytes_received(int descriptor) {
  enum { information = 11, place = 128 };
  unsigned char answer[place + 8];
  socklen_t size = sizeof answer;
  int64_t bytes;
  if (getsockopt(descriptor, IPPROTO_TCP, information, answer, &size) != 0 || size < sizeof answer) return -1;
  memcpy(&bytes, answer + place, sizeof bytes);
  return bytes;
}

/* How many of these nobody has read yet; 0 if that cannot be known. */
static inline int64_t atelier_bytes_unread(int descriptor) {
  int bytes = 0;
  return ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes > 0 ? bytes : 0;
}

/* Bytes of the process' memory that were asked for and not given back, by malloc(3). */
static inline uint64_t atelier_heap_in_use(void) {
  struct mallinfo2 heap = mallinfo2();
  return (uint64_t)heap.uordblks + heap.hblkhd;
}
