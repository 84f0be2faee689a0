/* Loaded in front of the C library: makes chosen calls on the files of a store fail, hang, or do nothing.
 *
 * SHIM_CALL   sync or write: which calls are meant
 * SHIM_NTH    the number of the call that fails or hangs, counted from 1 while the file SHIM_ARMED exists;
 *             without it, all of them do nothing and report success
 * SHIM_ERRNO  it fails with this error
 * SHIM_HANG_S it takes this many seconds longer instead, and then does its work
 * SHIM_DONE   this file is created when it happens
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long count = 0;

static int is_of_a_store(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, "/chat.db") != NULL;
}

/* 0: do it. 1: fail, with errno set. 2: do nothing and succeed. */
static int verdict(const char *call, int fd)
{
    const char *wanted = getenv("SHIM_CALL"), *nth = getenv("SHIM_NTH"), *armed = getenv("SHIM_ARMED");
    if (!wanted || strcmp(wanted, call) || !is_of_a_store(fd))
        return 0;
    if (!nth)
        return 2;
    if (!armed || access(armed, F_OK))
        return 0;
    pthread_mutex_lock(&lock);
    long number = ++count;
    pthread_mutex_unlock(&lock);
    if (number != atol(nth))
        return 0;
    int done = open(getenv("SHIM_DONE"), O_CREAT | O_WRONLY, 0600);
    if (done >= 0)
        close(done);
    const char *hang = getenv("SHIM_HANG_S");
    if (hang) {
        sleep(atoi(hang));
        return 0;
    }
    errno = atoi(getenv("SHIM_ERRNO"));
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define SYNC(name)                                                                                                     \
    int name(int fd)                                                                                                   \
    {                                                                                                                  \
        int what = verdict("sync", fd);                                                                                \
        return what == 0 ? REAL(name)(fd) : what == 1 ? -1 : 0;                                                        \
    }
SYNC(fsync)
SYNC(fdatasync)

#define PWRITE(name, offset_type)                                                                                      \
    ssize_t name(int fd, const void *bytes, size_t length, offset_type at)                                             \
    {                                                                                                                  \
        int what = verdict("write", fd);                                                                               \
        return what == 0 ? REAL(name)(fd, bytes, length, at) : what == 1 ? -1 : (ssize_t)length;                       \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t length)
{
    int what = verdict("write", fd);
    return what == 0 ? REAL(write)(fd, bytes, length) : what == 1 ? -1 : (ssize_t)length;
}
