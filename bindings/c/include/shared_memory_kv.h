/*
 * shared_memory_kv.h: a key-value store in shared memory, for C.
 *
 * Ten pairs, a semaphore around them, and a version that counts changes, all in
 * one object that any number of processes map. Link with -lshared_memory_kv.
 *
 * Keys have 1 to 63 bytes and values 0 to 255, each ended by a NUL. A text that
 * does not fit is refused, never cut.
 *
 * Errors. Functions that return int return 0, or -1 with errno set; functions
 * that return a store return NULL with errno set. On success errno is left as
 * it was. After an error nothing has changed. shared_memory_kv_last_error()
 * says in a sentence what was wrong. Each function can set, beside its own:
 *
 *   EINVAL        a pointer is NULL, a store not aligned, or a key empty
 *   ETIMEDOUT     the lock was not free in time: another process holds it, or
 *                 died while it did, and then shared_memory_kv_recover() frees
 *                 it. Retrying is safe. The sentence names the process if it
 *                 uses this library.
 *   EBADMSG       the object is not a store, or its table holds what no whole
 *                 operations leave. shared_memory_kv_recover() sets a table
 *                 right and keeps what is whole; shared_memory_kv_clear() empties it.
 *   EIO           a fault of this library
 *
 * The lock. Every function that reads or changes pairs takes store->sem, and
 * waits for it for 5 s at most; see shared_memory_kv_lock_timeout(). A signal
 * does not end a wait, nor does pthread_cancel(3). What a program reads from the table by itself
 * (store->version, store->kv_table[i], …) without the lock can be half changed;
 * take shared_memory_kv_lock(), or a snapshot.
 *
 * Threads. All functions may be called from any thread at any time, but
 * shared_memory_kv_destroy() only when nobody uses the mapping any more. None
 * may be called from a signal handler.
 */
#ifndef SHARED_MEMORY_KV_H
#define SHARED_MEMORY_KV_H

/* For sigaction, clock_gettime and the like, which -std=c11 hides. It has an
   effect where this header is included before those of the system. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The object's name, where none is given. */
#define SHM_NAME "/gitflow_kv_store"
/* Slots. */
#define MAX_ENTRIES 10
/* Bytes of a key with its NUL. */
#define KEY_SIZE 64
/* Bytes of a value with its NUL. */
#define VALUE_SIZE 256

/* One slot. It is free when key[0] is NUL. What follows a NUL is garbage. */
typedef struct {
    char key[KEY_SIZE];
    char value[VALUE_SIZE];
    time_t timestamp; /* when it was last set, in seconds since 1970; 0: free */
} kv_pair_t;

/* The whole object. The fields may be read, with the lock held. */
typedef struct {
    kv_pair_t kv_table[MAX_ENTRIES];
    sem_t sem;                /* the lock: 1 free, 0 held */
    unsigned int version;     /* +1 on every change; wraps */
    unsigned int entry_count; /* occupied slots */
} shared_memory_kv_store_t;

#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(kv_pair_t) == 328, "a pair has 328 bytes");
_Static_assert(sizeof(shared_memory_kv_store_t) == 3320, "a store has 3320 bytes");
#endif

/* --- The object --------------------------------------------------------- */

/* Creates an empty store called SHM_NAME, of mode 0600, and maps it. Others
   find it complete. *fd_out becomes its descriptor, or -1 on failure; fd_out
   may be NULL, and then none is kept.
   EEXIST: there is one already. EACCES. EMFILE, ENOMEM, ENOSPC, EFBIG: no room. */
shared_memory_kv_store_t *shared_memory_kv_create(int *fd_out);

/* Opens and maps the store called SHM_NAME. *fd_out as above.
   ENOENT: there is none. EAGAIN: another program is just creating it; retry.
   EBADMSG: what is there is no store. EACCES: it is another user's, or others can
   use it; see shared_memory_kv_open_of_owner(). ENOSPC: there is no memory for
   all of it. EMFILE, …. */
shared_memory_kv_store_t *shared_memory_kv_open(int *fd_out);

/* Unmaps the store and closes the descriptor. NULL and -1 are passed over.
   The object stays until it is unlinked. errno is left as it was. */
void shared_memory_kv_destroy(int fd, shared_memory_kv_store_t *store);

/* Removes the name SHM_NAME. Those who have the store mapped keep it.
   It is no error where there is none. EACCES, …. */
int shared_memory_kv_unlink(void);

/* --- Pairs -------------------------------------------------------------- */

/* Gives key this value; a new key goes to the lowest free slot.
   ENAMETOOLONG: the key or the value does not fit. ENOSPC: the table is full. */
int shared_memory_kv_set(shared_memory_kv_store_t *store, const char *key, const char *value);

/* Copies the value of key and its NUL to value_out, which has room for
   VALUE_SIZE bytes. On failure value_out is left as it was.
   ENAMETOOLONG: the key does not fit. ENOENT: there is no such key. */
int shared_memory_kv_get(shared_memory_kv_store_t *store, const char *key, char *value_out);

/* Removes key.
   ENAMETOOLONG: the key does not fit. ENOENT: there is no such key. */
int shared_memory_kv_delete(shared_memory_kv_store_t *store, const char *key);

/* ======================================================================== */
/* What follows goes beyond the functions that C programs of old use.        */

/* What was wrong in the last function that failed in this thread, as a
   sentence in UTF-8: "the key has 64 bytes or more; at most 63 fit". "" before
   the first. Good until the next failure in this thread. Never NULL. */
const char *shared_memory_kv_last_error(void);

/* --- Stores by name ----------------------------------------------------- */

/* As the functions above, for a store called name: a slash, and 1 to 254 bytes
   of UTF-8 without another. open_or_create opens the store, and creates it
   where there is none; of several that do so at once exactly one creates.
   EINVAL: the name is not of that form. ENAMETOOLONG: it is longer. */
shared_memory_kv_store_t *shared_memory_kv_create_named(const char *name, int *fd_out);
shared_memory_kv_store_t *shared_memory_kv_open_named(const char *name, int *fd_out);
shared_memory_kv_store_t *shared_memory_kv_open_or_create_named(const char *name, int *fd_out);
int shared_memory_kv_unlink_named(const char *name);

/* What shared_memory_kv_open_with() does where there is no such store, or one. */
#define SHARED_MEMORY_KV_CREATE 1u     /* creates it where there is none */
#define SHARED_MEMORY_KV_CREATE_NEW 2u /* creates it; EEXIST where there is one */

/* As the functions above; with 0 as flags it opens. The store and its descriptor
   are in *store_out and *fd_out before the function returns: for languages in
   which an exception can come between a call and the use of what it returned.
   On failure *store_out becomes NULL. fd_out may be NULL.
   EINVAL: store_out is NULL, or there are no such flags. */
int shared_memory_kv_open_with(const char *name, unsigned int flags,
                               shared_memory_kv_store_t **store_out, int *fd_out);

/* As above, and opens a store that belongs to user owner, or that this user made
   for others to use: who can write to it can forge its pairs, and end a program
   that uses it by cutting it short. All other functions open only stores of this
   user's, of mode 0600. */
int shared_memory_kv_open_of_owner(const char *name, unsigned int flags, uid_t owner,
                                   shared_memory_kv_store_t **store_out, int *fd_out);

/* --- The whole table ---------------------------------------------------- */

/* A copy of the table, in memory of your own. Free slots are all zero. */
typedef struct {
    kv_pair_t kv_table[MAX_ENTRIES];
    unsigned int version;
    unsigned int entry_count;
} shared_memory_kv_snapshot_t;

/* Copies the table as it is at one moment. */
int shared_memory_kv_snapshot(shared_memory_kv_store_t *store,
                              shared_memory_kv_snapshot_t *snapshot_out);

/* Removes all keys, in one change. Also sets right a table that is corrupt. */
int shared_memory_kv_clear(shared_memory_kv_store_t *store);

/* --- Versions ----------------------------------------------------------- */

/* Reads the version, without the lock. It never times out. */
int shared_memory_kv_version(shared_memory_kv_store_t *store, unsigned int *version_out);

/* As shared_memory_kv_set(), provided that the table is still at *version: so
   nothing has changed since it was read at that version. On success *version
   becomes the version with the change.
   EAGAIN: another change came first; *version becomes the version found. */
int shared_memory_kv_compare_and_set(shared_memory_kv_store_t *store, const char *key,
                                     const char *value, unsigned int *version);

/* Waits until the version is no longer *version, which then becomes the new
   one. A change made through this library ends the wait at once; one by a
   program that writes the table by itself within 50 ms. A signal does not end
   it: choose a time after which your program looks at its flags.
   ETIMEDOUT: it is still *version after timeout_ms milliseconds. */
int shared_memory_kv_wait_for_change(shared_memory_kv_store_t *store, unsigned int *version,
                                     unsigned int timeout_ms);

/* --- The lock ----------------------------------------------------------- */

/* Takes the lock, to read several fields of the table as they are at one
   moment. Until it is given back all other functions wait for it, in this
   process, too, except version and wait_for_change.
   ETIMEDOUT: it was not free for timeout_ms milliseconds. */
int shared_memory_kv_lock(shared_memory_kv_store_t *store, unsigned int timeout_ms);

/* Gives the lock back.
   EPERM: nobody holds it. */
int shared_memory_kv_unlock(shared_memory_kv_store_t *store);

/* How long functions that are given this mapping wait for the lock, from now
   on: 5000 ms where nothing else is said.
   EINVAL: the mapping was not made by this library. */
int shared_memory_kv_lock_timeout(shared_memory_kv_store_t *store, unsigned int timeout_ms);

/* --- Recovery ----------------------------------------------------------- */

/* Frees the lock of the store called SHM_NAME if a dead process holds it, and
   puts right what that process left by half; also sets a damaged table right.
   Nothing is lost that was complete. Safe at any time, and to be called again
   where it was killed itself. What was found and done is written to report, as a
   sentence of at most size bytes with its NUL; an empty one says that there was
   nothing to do. report may be NULL.

   Others may have the store open if the dead process used this library, from
   whatever language: its lock tells who took it. A program that uses store->sem
   by itself does not tell, and is recovered from only when nobody has the store
   open, the caller included: destroy the mapping first.

   The lock belongs to the process that took it: a child made by fork(2) does not
   hold it, and should the parent die, the lock can be taken from both.
   EBUSY: the lock's owner lives, or may. The sentence says who it is, or who has
   the store open. ENOENT, EAGAIN, EBADMSG as for open. */
int shared_memory_kv_recover(char *report, size_t size);
int shared_memory_kv_recover_named(const char *name, char *report, size_t size);
/* As above, of a store that belongs to user owner; see open_of_owner. */
int shared_memory_kv_recover_of_owner(const char *name, uid_t owner, char *report,
                                      size_t size);

#ifdef __cplusplus
}
#endif

#endif
