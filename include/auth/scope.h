/* What a credential may do: bits of scim_token.scopes and api_key.scopes. Never renumber. */
#ifndef AUTH_SCOPE_H
#define AUTH_SCOPE_H

/* Resources of a directory's own types have no scopes of their own: reading them takes both read scopes, writing them
 * all four, so that only tokens that may do everything with people and groups reach them. */
enum {
    SCOPE_USERS_READ = 1 << 0,
    SCOPE_USERS_WRITE = 1 << 1,
    SCOPE_GROUPS_READ = 1 << 2,
    SCOPE_GROUPS_WRITE = 1 << 3,
    SCOPE_DIRECTORY_ALL = SCOPE_USERS_READ | SCOPE_USERS_WRITE | SCOPE_GROUPS_READ | SCOPE_GROUPS_WRITE,

    SCOPE_ADMIN_READ = 1 << 8,    /* API keys: read everything of the environment */
    SCOPE_ADMIN_MANAGE = 1 << 9,  /* make, change and delete organizations and directories */
    SCOPE_ADMIN_TOKENS = 1 << 10, /* mint, rotate and revoke tokens */
    SCOPE_ADMIN_ALL = SCOPE_ADMIN_READ | SCOPE_ADMIN_MANAGE | SCOPE_ADMIN_TOKENS,
    SCOPE_OPERATOR = 1 << 15, /* operator keys: environments and their keys, and everything else */
};

#endif
