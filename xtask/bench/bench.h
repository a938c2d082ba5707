/* What the programs of the bench share. */
#ifndef ZIM_BENCH_H
#define ZIM_BENCH_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zim.h"

static inline uint64_t bench_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void bench_until(uint64_t at) {
  struct timespec when;
  when.tv_sec = (time_t)(at / 1000000000u);
  when.tv_nsec = (long)(at % 1000000000u);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) != 0) {
  }
}

/* A bench that cannot measure what it says must not print a number. */
static inline void bench_need(int32_t code, const char *what) {
  if (code != ZIMErrorCode_Success) {
    fprintf(stderr, "%s: %" PRId32 " %s: %s\n", what, code, ZIM_ErrorName(code), ZIM_GetLastErrorMessage());
    exit(1);
  }
}

static inline void bench_check(int good, const char *what) {
  if (!good) {
    fprintf(stderr, "%s\n", what);
    exit(1);
  }
}

#endif
