/* What a credential may do: bits of scim_token.scopes, api_key.scopes, signing_key.scopes and setup_link.permissions.
 * Never renumber. */
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

    SCOPE_SETUP_CONNECTION = 1 << 16, /* setup links: see the connector URL */
    SCOPE_SETUP_TOKENS = 1 << 17,     /* mint and rotate tokens */
    SCOPE_SETUP_IDP = 1 << 18,        /* say which identity provider it is */
    SCOPE_SETUP_DOMAINS = 1 << 19,    /* change the organization's domains */
    SCOPE_SETUP_LOG = 1 << 20,        /* read the log of SCIM requests */
    SCOPE_SETUP_ALL =
        SCOPE_SETUP_CONNECTION | SCOPE_SETUP_TOKENS | SCOPE_SETUP_IDP | SCOPE_SETUP_DOMAINS | SCOPE_SETUP_LOG,
};

#endif
