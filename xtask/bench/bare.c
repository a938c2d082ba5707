/* The other side of the bare calls that Cost.cs measures: into native code with a text, and back into managed code. */
#include <stdint.h>
#include <string.h>

typedef void (*BareCallback)(void *client, void *info, void *call_id, void *user_data);

uint64_t bare_take(const char *text, const char *data) { return strlen(text) + strlen(data); }

void bare_call_back(BareCallback callback, uint32_t count) {
  uint32_t number;
  for (number = 0; number < count; number++) {
    callback(NULL, NULL, NULL, NULL);
  }
}
