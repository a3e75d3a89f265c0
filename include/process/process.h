/* What both executables do around what they serve: a hardened process, settings on their way to the rooms, the access
 * log, and waiting for signals. Main thread only. */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <signal.h>

#include "config/settings.h"
#include "http/server.h"
#include "store/store.h"

/* --log-level, database and pepper file are there; opens the log on standard error. ERR_INVALID_VALUE names the flag.
 */
MUST_CHECK bool process_check_settings(const struct settings *settings, struct err *err);

/* Before any thread: descriptor limit, memory arenas, no core dumps, SIGPIPE ignored; SIGTERM, SIGINT and SIGHUP
 * blocked for process_wait, in *signals_out. */
void process_prepare(sigset_t *signals_out);

struct db_settings process_database(const struct settings *settings);

/* "" is no log (-1), "-" standard output. ERR_UNAVAILABLE. */
MUST_CHECK bool process_open_access_log(const char *path, int *fd_out, struct err *err);

/* The same for the audit log, which is opened at once; "-" is standard error. */
MUST_CHECK bool process_open_audit_log(const struct settings *settings, struct err *err);

/* For a listener on `listen`; a socket handed over by a service manager (LISTEN_FDS, sd_listen_fds(3)) is taken instead
 * of binding one. /readyz asks the store. */
struct http_settings process_http(const struct settings *settings, const char *listen, int access_log_fd,
                                  struct store *store);

/* One line on standard output for people and scripts that wait for it, with the port that was bound. */
void process_announce(const char *executable, const struct settings *settings, const char *listen,
                      const struct http_server *server);

/* Returns on SIGTERM or SIGINT; a second one ends the process at once. SIGHUP loads certificate and key anew and opens
 * the access log again. */
void process_wait(const sigset_t *signals, const struct settings *settings, struct http_server *server,
                  int access_log_fd);

/* Takes a word out of argv; false when it is not there. */
bool process_take_word(int *argc, char **argv, const char *word);

#endif
