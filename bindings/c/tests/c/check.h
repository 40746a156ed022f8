/*
 * What the test programs share: checks that end the program with a sentence,
 * and names of objects that no other process uses.
 *
 * Included after shared_memory_kv.h, which includes what this needs.
 */
#ifndef CHECK_H
#define CHECK_H

#include <sys/wait.h>

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: %s does not hold; errno is %s\n", __FILE__, __LINE__,  \
                    #condition, strerror(errno));                                          \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)

/* The call succeeds, and leaves errno as it was. */
#define SUCCEEDS(call)                                                                     \
    do {                                                                                   \
        errno = EDOM;                                                                      \
        CHECK((call) == 0);                                                                \
        CHECK(errno == EDOM);                                                              \
    } while (0)

/* The call returns -1, and errno is the expected one. */
#define FAILS(call, expected)                                                              \
    do {                                                                                   \
        errno = EDOM;                                                                      \
        CHECK((call) == -1);                                                               \
        CHECK(errno == (expected));                                                        \
    } while (0)

/* The call returns NULL, errno is the expected one, and fd has become -1. */
#define REFUSES(call, fd, expected)                                                        \
    do {                                                                                   \
        errno = EDOM;                                                                      \
        (fd) = 1000;                                                                       \
        CHECK((call) == NULL);                                                             \
        CHECK(errno == (expected));                                                        \
        CHECK((fd) == -1);                                                                 \
    } while (0)

/* The last failure's sentence holds these words. */
#define SAYS(words) CHECK(strstr(shared_memory_kv_last_error(), words) != NULL)

/* A text of length times the same letter. */
static inline const char *letters(char letter, size_t length)
{
    static char text[4096];
    memset(text, letter, length);
    text[length] = '\0';
    return text;
}

/* A name that no other process uses. */
static inline const char *own_name(const char *subject)
{
    static char name[128];
    snprintf(name, sizeof name, "/shmkv-test-c-%s-%ld", subject, (long)getpid());
    return name;
}

/* A child has ended by itself, with success. */
static inline void check_child(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
