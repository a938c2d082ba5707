/* For test_bad_input: memory that ends where the host said, and callbacks that are never made. */
#ifndef NEVER_H
#define NEVER_H

#include "check.h"

#include <sys/mman.h>

/* Copies `size` bytes to just before memory that must not be touched. */
static inline void *at_the_edge(const void *bytes, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t length = (size + page - 1) / page * page;
    char *memory = mmap(NULL, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED, "mmap");
    REQUIRE(mprotect(memory + length, page, PROT_NONE) == 0, "mprotect");
    return memcpy(memory + length - size, bytes, size);
}

/* `length` letters, with a NUL behind them or with nothing that may be read. */
static inline const char *text_of(size_t length, int terminated) {
    char *text = malloc(length + 1);
    const char *shown;
    memset(text, 'a', length);
    text[length] = '\0';
    shown = at_the_edge(text, length + (terminated ? 1 : 0));
    free(text);
    return shown;
}

/* Callbacks that must not be made: they are counted. */

static int callbacks_made;

static inline void never(void) {
    callbacks_made++;
}
static inline void never_simple(ZIMClient *c, const ZIMError *e, void *u) {
    (void)c, (void)e, (void)u;
    never();
}
static inline void never_renewed(ZIMClient *c, const char *t, const ZIMError *e, void *u) {
    (void)c, (void)t, (void)e, (void)u;
    never();
}
static inline void never_invited(ZIMClient *c, const char *i, const ZIMCallInvitationSentInfo *s, const ZIMError *e,
                                 void *u) {
    (void)c, (void)i, (void)s, (void)e, (void)u;
    never();
}
static inline void never_cancelled(ZIMClient *c, const char *i, const ZIMErrorUserInfo *const *l, uint32_t n,
                            const ZIMError *e, void *u) {
    (void)c, (void)i, (void)l, (void)n, (void)e, (void)u;
    never();
}
static inline void never_answered(ZIMClient *c, const char *i, const ZIMError *e, void *u) {
    (void)c, (void)i, (void)e, (void)u;
    never();
}
static inline void never_freed(void *u) {
    (void)u;
    never();
}

#endif
