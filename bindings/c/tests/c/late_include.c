/* The header after those of the system, where it can add no declarations. */
#include <stdio.h>
#include <stdlib.h>

#include "shared_memory_kv.h"

int main(void)
{
    shared_memory_kv_store_t store;
    char value[VALUE_SIZE];
    if (shared_memory_kv_get(NULL, "key", value) != -1 || errno != EINVAL)
        return EXIT_FAILURE;
    return sizeof store.sem + sizeof(kv_pair_t) * MAX_ENTRIES + 8 == sizeof store ? 0 : 1;
}
