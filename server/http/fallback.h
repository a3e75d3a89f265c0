/* Errors that libh2o answers by itself become the service's. */
#ifndef HTTP_FALLBACK_H
#define HTTP_FALLBACK_H

#include <h2o.h>

/* For the path configuration that such errors are bound to. */
void fallback_install(h2o_pathconf_t *path);

#endif
