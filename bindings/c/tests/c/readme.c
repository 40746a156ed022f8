/*
 * The snippets that documents of this library have always shown, as written;
 * only the functions around them are ours.
 */
#include "shared_memory_kv.h"
#include "check.h"

static int create_and_destroy(void)
{
int shm_fd;
shared_memory_kv_store_t *store = shared_memory_kv_create(&shm_fd);

if (store == NULL) {
    // Error handling
    return 1;
}

// Use store...

// Cleanup
shared_memory_kv_destroy(shm_fd, store);
    return 0;
}

static void set_get_delete(shared_memory_kv_store_t *store)
{
// ANCHOR: program
// Set (add or update) a key-value pair
if (shared_memory_kv_set(store, "username", "john_doe") == -1) {
    perror("Failed to set key-value pair");
}

// Get a value by key
char value[VALUE_SIZE];
if (shared_memory_kv_get(store, "username", value) == 0) {
    printf("Value: %s\n", value);
} else {
    if (errno == ENOENT) {
        printf("Key not found\n");
    }
}

// Delete a key-value pair
if (shared_memory_kv_delete(store, "username") == -1) {
    perror("Failed to delete key-value pair");
}
// ANCHOR_END: program
}

static int open_and_use(void)
{
int shm_fd;
shared_memory_kv_store_t *store = shared_memory_kv_open(&shm_fd);

if (store == NULL) {
    // Error handling (object may not exist)
    return 1;
}

// Use store...
    set_get_delete(store);
    CHECK(store->version == 2 && store->entry_count == 0);

// Cleanup
shared_memory_kv_destroy(shm_fd, store);
    return 0;
}

static void unlink_it(void)
{
// Should be called only by the creator process (producer)
if (shared_memory_kv_unlink() == -1) {
    perror("Failed to unlink shared memory");
}
}

int main(void)
{
    CHECK(open_and_use() == 1); /* the object does not exist */
    CHECK(create_and_destroy() == 0);
    CHECK(open_and_use() == 0);
    unlink_it();
    CHECK(open_and_use() == 1);
    return 0;
}
