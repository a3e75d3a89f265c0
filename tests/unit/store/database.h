/* A private MariaDB for the tests of one executable. Group fixtures: cmocka_run_group_tests(tests, database_start,
 * database_stop). */
#ifndef TEST_STORE_DATABASE_H
#define TEST_STORE_DATABASE_H

#include "store/db.h"

int database_start(void **state); /* with an empty database `rollcall` */
int database_stop(void **state);

void database_kill(void);   /* kill -9 */
void database_resume(void); /* after database_kill: the data is still there, the socket is the same */

/* As root, which may do anything, or as another account. */
struct db_settings database_settings(void);
struct db_settings database_settings_of(const char *user, const char *password, const char *options);

struct db *database_connect(void); /* must() succeed */
/* must() succeed. Several statements separated by ";\n". */
void database_run(struct db *db, const char *script);
/* The first column of the first row; must() be an integer. */
int64_t database_integer(struct db *db, const char *sql);
/* Drops and makes `rollcall` again, with every migration applied. */
void database_migrate(void);
void database_reset(void); /* empty again */

#endif
