/* Uses libzim and another static library in Rust: see check.sh. */

#include "zim.h"

#include <stdio.h>

uint32_t other_library(void);

int main(void) {
    ZIMClient *client = NULL;
    int32_t created = ZIM_Create(NULL, &client);
    uint32_t other = other_library();
    int32_t destroyed = ZIM_Destroy(client);
    printf("%d %u %d\n", (int)created, (unsigned)other, (int)destroyed);
    return created == 0 && other == 5 && destroyed == 0 ? 0 : 1;
}
