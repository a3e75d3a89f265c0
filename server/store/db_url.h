/* Where the database is: mariadb://user:password@host:port/database?option=value, mysql:// means the same.
 *
 * Options: socket=/path (host localhost or none), tls=required|preferred|off (preferred for TCP, off for a socket),
 * tls_ca=/path (implies required, and the server's certificate must name the host). Every part is percent-decoded; an
 * IPv6 address stands in brackets. A port makes `localhost` mean TCP. */
#ifndef STORE_DB_URL_H
#define STORE_DB_URL_H

#include "base/err.h"

enum db_tls { DB_TLS_OFF, DB_TLS_PREFERRED, DB_TLS_REQUIRED };

struct db_address { /* texts end with NUL, "" when absent */
    char user[129], password[512], host[256], database[65];
    char socket[108], tls_ca[512];
    unsigned port; /* 0: the default */
    bool over_tcp;
    enum db_tls tls;
};

/* ERR_INVALID_VALUE names the part that is wrong and never shows the URL, which may hold a password. */
MUST_CHECK bool db_url_parse(const char *url, struct db_address *address_out, struct err *err);

#endif
