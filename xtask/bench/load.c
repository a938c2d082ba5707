/*
 * How long the library takes to load and a first client to create, beside an empty library and two empty threads.
 *
 * load LIBZIM EMPTY_LIBRARY        prints "NAME NANOSECONDS" lines; a process of its own for each round
 */
#include <dlfcn.h>
#include <pthread.h>

#include "bench.h"

typedef int32_t (*Create)(const ZIMAppConfig *, ZIMClient **);
typedef int32_t (*Destroy)(ZIMClient *);

static void *load(const char *path, const char *name) {
  uint64_t began = bench_now();
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  uint64_t ended = bench_now();
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  printf("%s %" PRIu64 "\n", name, ended - began);
  return library;
}

static void *nothing(void *unused) { return unused; }

int main(int argc, char **argv) {
  ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
  ZIMClient *client = NULL;
  Create create;
  Destroy destroy;
  pthread_t one, other;
  uint64_t began;
  void *library, *symbol;

  bench_check(argc == 3, "usage: load LIBZIM EMPTY_LIBRARY");
  load(argv[2], "bare-load");
  library = load(argv[1], "load");

  /* POSIX lets a function pointer be read out of a void pointer's bytes; C has no cast for it. */
  symbol = dlsym(library, "ZIM_Create");
  memcpy(&create, &symbol, sizeof create);
  symbol = dlsym(library, "ZIM_Destroy");
  memcpy(&destroy, &symbol, sizeof destroy);
  bench_check(create != NULL && destroy != NULL, "the library lacks ZIM_Create or ZIM_Destroy");

  began = bench_now();
  bench_check(pthread_create(&one, NULL, nothing, NULL) == 0 && pthread_create(&other, NULL, nothing, NULL) == 0,
              "no thread");
  printf("bare-create %" PRIu64 "\n", bench_now() - began);
  pthread_join(one, NULL);
  pthread_join(other, NULL);

  config.app_id = 1;
  config.server_url = "ws://127.0.0.1:1/zim";
  began = bench_now();
  bench_check(create(&config, &client) == ZIMErrorCode_Success, "create");
  printf("create %" PRIu64 "\n", bench_now() - began);
  bench_check(destroy(client) == ZIMErrorCode_Success, "destroy");
  return 0;
}
