/* Loading the library does nothing: no thread, no socket, no file. Rounds of open, use, destroy and close leave nothing
 * behind: no thread, no descriptor, no mapping.
 *
 *     test_load LIBRARY
 *
 * The one program that is not linked with the library: it opens it by its path. */

#define _GNU_SOURCE
#include <dlfcn.h>

#include "check.h"

#define ROUNDS 50
#define WARM_UP 10

static int mappings(void) {
    FILE *file = fopen("/proc/self/maps", "r");
    int lines = 0, c;
    while (file != NULL && (c = fgetc(file)) != EOF) {
        lines += c == '\n';
    }
    if (file != NULL) {
        fclose(file);
    }
    return lines;
}

static int is_mapped(const char *name) {
    char line[512];
    FILE *file = fopen("/proc/self/maps", "r");
    int found = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        found |= strstr(line, name) != NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

/* The functions, found by name: nothing of the library is linked. */
typedef struct Library {
    void *opened;
    const char *(*get_version)(void);
    int32_t (*create)(const ZIMAppConfig *, ZIMClient **);
    int32_t (*login)(ZIMClient *, const ZIMUserInfo *, const char *, ZIMLoggedInCallback, void *);
    int32_t (*destroy)(ZIMClient *);
} Library;

static Library open_library(const char *path) {
    Library library;
    library.opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library.opened != NULL, "%s", dlerror());
    *(void **)&library.get_version = dlsym(library.opened, "ZIM_GetVersion");
    *(void **)&library.create = dlsym(library.opened, "ZIM_Create");
    *(void **)&library.login = dlsym(library.opened, "ZIM_Login");
    *(void **)&library.destroy = dlsym(library.opened, "ZIM_Destroy");
    REQUIRE(library.get_version && library.create && library.login && library.destroy, "a function is missing");
    return library;
}

static void one_round(const char *path) {
    Library library = open_library(path);
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    ZIMClient *client = NULL;
    Result result;
    result_init(&result);
    user.user_id = "loader";
    REQUIRE(library.create(&config, &client) == 0, "ZIM_Create");
    REQUIRE(library.login(client, &user, NULL, result_logged_in, &result) == 0, "ZIM_Login");
    REQUIRE(counter_wait(&result.calls, 1), "the login did not complete");
    CHECK(result.code == 0, "login: %d", result.code);
    CHECK(library.destroy(client) == 0, "ZIM_Destroy");
    dlclose(library.opened);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "libzim.so";
    int threads_before = threads(), descriptors_before = descriptors(), round;
    int threads_then = 0, descriptors_then = 0, mappings_then = 0;
    Library library;
    REQUIRE(!is_mapped("libzim.so"), "the library is loaded before it is asked for");

    library = open_library(path);
    CHECK(threads() == threads_before, "loading made %d threads", threads() - threads_before);
    CHECK(descriptors() == descriptors_before, "loading opened %d descriptors", descriptors() - descriptors_before);
    CHECK(library.get_version()[0] != '\0', "no version");
    CHECK(threads() == threads_before && descriptors() == descriptors_before, "asking for the version made something");
    dlclose(library.opened);
    CHECK(is_mapped("libzim.so"), "the library was unmapped: its threads might have been running in it");

    server_url();
    for (round = 1; round <= ROUNDS; round++) {
        one_round(path);
        if (round == WARM_UP) {
            threads_then = threads();
            descriptors_then = descriptors();
            mappings_then = mappings();
        }
    }
    printf("after %d and %d rounds: threads %d %d, descriptors %d %d, mappings %d %d\n", WARM_UP, ROUNDS, threads_then,
           threads(), descriptors_then, descriptors(), mappings_then, mappings());
    CHECK(threads() == threads_before, "%d threads were left", threads() - threads_before);
    CHECK(descriptors() == descriptors_then, "%d descriptors were left", descriptors() - descriptors_then);
    /* The C library's allocator maps and unmaps too. */
    CHECK(mappings() <= mappings_then + 4, "%d mappings were left", mappings() - mappings_then);
    return checks_result("test_load");
}
