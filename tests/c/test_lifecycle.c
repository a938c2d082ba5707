/* A thousand lives in one process: create, log in, call, answer, destroy. Nothing is left behind.
 *
 *     test_lifecycle [CYCLES]
 *
 * From cycle 101 on (a tenth, when there are fewer than 1,000) the numbers of threads and descriptors are equal, and
 * resident memory grows by less than 1 KB a cycle. */

#define _DEFAULT_SOURCE
#include "check.h"

typedef struct Life {
    Result invited, answered;
    Counter ringing, accepted;
    char call_id[64];
} Life;

static void on_received(ZIMClient *client, const ZIMCallInvitationReceivedInfo *info, const char *call_id,
                        void *user_data) {
    Life *life = user_data;
    (void)client, (void)info;
    snprintf(life->call_id, sizeof life->call_id, "%s", call_id);
    counter_add(&life->ringing, 1);
}

static void on_accepted(ZIMClient *client, const ZIMCallInvitationAcceptedInfo *info, const char *call_id,
                        void *user_data) {
    (void)client, (void)info, (void)call_id;
    counter_add(&((Life *)user_data)->accepted, 1);
}

static void one_cycle(void) {
    static const char *const callee_name[] = {"callee"};
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    ZIMClient *caller = new_client(ZIMCallbackMode_Thread, NULL), *callee = new_client(ZIMCallbackMode_Thread, NULL);
    Life life;
    result_init(&life.invited);
    result_init(&life.answered);
    counter_init(&life.ringing);
    counter_init(&life.accepted);

    handler.on_call_invitation_received = on_received;
    handler.on_call_invitation_accepted = on_accepted;
    REQUIRE_CODE(ZIM_SetEventHandler(caller, &handler, &life, NULL), 0);
    REQUIRE_CODE(ZIM_SetEventHandler(callee, &handler, &life, NULL), 0);
    log_in(caller, "caller", 0);
    log_in(callee, "callee", 0);

    REQUIRE_CODE(ZIM_CallInvite(caller, callee_name, 1, NULL, result_invited, &life.invited), 0);
    result_wait(NULL, &life.invited, 1);
    REQUIRE(life.invited.code == 0, "invite: %d", life.invited.code);
    REQUIRE(counter_wait(&life.ringing, 1), "no ring");
    REQUIRE_CODE(ZIM_CallAccept(callee, life.call_id, NULL, result_answered, &life.answered), 0);
    result_wait(NULL, &life.answered, 1);
    REQUIRE(life.answered.code == 0, "accept: %d", life.answered.code);
    REQUIRE(counter_wait(&life.accepted, 1), "the caller was not told");
    REQUIRE_CODE(ZIM_Destroy(caller), 0);
    REQUIRE_CODE(ZIM_Destroy(callee), 0);
}

int main(int argc, char **argv) {
    long cycles = argc > 1 ? strtol(argv[1], NULL, 10) : 1000, warm_up = cycles >= 1000 ? 100 : cycles / 10, cycle;
    int first_threads = threads(), first_descriptors = descriptors(), base_threads = 0, base_descriptors = 0;
    long base_kb = 0, last_kb;
    double begun = now_ms(), grown;
    server_url();
    REQUIRE(cycles >= 10, "at least 10 cycles");
    for (cycle = 1; cycle <= cycles; cycle++) {
        one_cycle();
        if (cycle == warm_up) {
            base_threads = threads();
            base_descriptors = descriptors();
            base_kb = resident_kb();
        } else if (cycle > warm_up) {
            CHECK(threads() == base_threads, "cycle %ld: %d threads instead of %d", cycle, threads(), base_threads);
            CHECK(descriptors() == base_descriptors, "cycle %ld: %d descriptors instead of %d", cycle, descriptors(),
                  base_descriptors);
        }
    }
    last_kb = resident_kb();
    grown = (double)(last_kb - base_kb) / (double)(cycles - warm_up);
    printf("%ld cycles in %.1f s; threads: %d before, %d after %ld cycles, %d at the end; descriptors: %d, %d, %d\n",
           cycles, (now_ms() - begun) / 1e3, first_threads, base_threads, warm_up, threads(), first_descriptors,
           base_descriptors, descriptors());
    printf("resident memory: %ld KB after %ld cycles, %ld KB at the end: %.3f KB a cycle\n", base_kb, warm_up, last_kb,
           grown);
    CHECK(threads() == first_threads, "%d threads were left", threads() - first_threads);
    if (cycles >= 1000) {
        CHECK(grown < 1.0, "resident memory grows by %.3f KB a cycle", grown);
    }
    return checks_result("test_lifecycle");
}
