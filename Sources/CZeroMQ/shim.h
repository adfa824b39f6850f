#pragma once
#include <sys/eventfd.h>
#include <zmq.h>

/* The flags are an anonymous enumeration, which Swift does not import as integers. */
static inline int atelier_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
