#include "auth/jwt.h"

#include "base/json.h"
#include "base64url.h"

enum { MAX_JTI = 255 };

static const int64_t last_second = 253402300799; /* of the year 9999 */

static const struct json_limits limits = {.depth = 4, .containers = 32, .tokens = 256, .number = 20};

bool auth_jwt_looks_like(struct slice text)
{
    /* base64url of an object's first character, and the dot behind the header */
    return slice_starts_with(text, SLICE_LITERAL("e")) && memchr(text.data, '.', text.len);
}

static bool refuse(struct err *err, const char *why)
{
    return err_set(err, ERR_UNAUTHORIZED, "The JWT is refused: %s", why);
}

/* --- form --- */

struct parts {
    struct slice header, claims, signature;
};

static bool cut(struct slice *rest, struct slice *part_out)
{
    const char *dot = rest->len ? memchr(rest->data, '.', rest->len) : NULL;
    if (!dot)
        return false;
    *part_out = slice_of(rest->data, (size_t)(dot - rest->data));
    *rest = slice_skip(*rest, part_out->len + 1);
    return true;
}

static bool split(struct slice text, struct parts *parts)
{
    return cut(&text, &parts->header) && cut(&text, &parts->claims) &&
           (text.len == 0 || !memchr(text.data, '.', text.len)) && (parts->signature = text, true);
}

static json_t *read_object(struct slice part, struct arena *arena, struct err *err)
{
    struct slice text;
    struct err ignored = ERR_INIT;
    json_t *object = auth_base64url_read(part, arena, &text) ? json_parse_object(text, &limits, &ignored) : NULL;
    if (!object)
        refuse(err, "header and claims must be JSON objects in unpadded base64url, without doubled names.");
    return object;
}

static bool is(struct slice text, struct slice wanted) { return slice_equals(text, wanted); /* public: in the token */ }

/* A member's text, in the arena; false when it is there and no text, or empty. */
static bool read_text(const json_t *object, const char *name, struct arena *arena, struct slice *text_out)
{
    const json_t *member = json_object_get(object, name);
    *text_out = SLICE_EMPTY;
    if (!member)
        return true;
    *text_out = arena_slice(arena, json_slice(member));
    return json_is_string(member) && text_out->len > 0;
}

static bool need_text(const json_t *object, const char *name, struct arena *arena, struct slice *text_out)
{
    return read_text(object, name, arena, text_out) && text_out->data;
}

/* A list of one is one, too: some libraries write nothing else. */
static const json_t *only_audience(const json_t *claims)
{
    const json_t *audience = json_object_get(claims, "aud");
    return json_array_size(audience) == 1 ? json_array_get(audience, 0) : audience;
}

static bool read_second(const json_t *object, const char *name, int64_t *second_out)
{
    const json_t *member = json_object_get(object, name);
    *second_out = json_integer_value(member);
    return !member || (json_is_integer(member) && *second_out > 0 && *second_out <= last_second);
}

static bool read_header(const json_t *header, struct arena *arena, struct auth_jwt *jwt, struct err *err)
{
    struct slice algorithm, type;
    if (!need_text(header, "alg", arena, &algorithm))
        algorithm = SLICE_EMPTY;
    bool is_es = is(algorithm, SLICE_LITERAL("ES256"));
    jwt->algorithm = is_es ? AUTH_ES256 : AUTH_RS256;
    if (!is_es && !is(algorithm, SLICE_LITERAL("RS256")))
        return refuse(err, "alg must be ES256 or RS256.");
    if (json_object_get(header, "crit") || json_object_get(header, "b64"))
        return refuse(err, "crit and b64 are not understood.");
    if (!read_text(header, "typ", arena, &type) ||
        (type.data && !slice_equals_ascii_nocase(type, SLICE_LITERAL("JWT"))))
        return refuse(err, "typ must be JWT.");
    return need_text(header, "kid", arena, &jwt->key) || refuse(err, "kid must name the signing key: sgn-…");
}

static bool read_claims(const json_t *claims, struct arena *arena, struct auth_jwt *jwt, struct err *err)
{
    if (!need_text(claims, "iss", arena, &jwt->issuer) || !need_text(claims, "sub", arena, &jwt->subject))
        return refuse(err, "iss and sub must be the environment's id.");
    jwt->audience = arena_slice(arena, json_slice(only_audience(claims)));
    if (jwt->audience.len == 0)
        return refuse(err, "aud must be one text, the address of the admin API.");
    if (!read_second(claims, "iat", &jwt->issued_s) || !read_second(claims, "exp", &jwt->expires_s) ||
        !read_second(claims, "nbf", &jwt->not_before_s) || jwt->issued_s == 0 || jwt->expires_s == 0)
        return refuse(err, "iat and exp, and nbf where it is there, must be whole seconds since 1970.");
    if (!read_text(claims, "jti", arena, &jwt->id) || jwt->id.len > MAX_JTI)
        return refuse(err, "jti must be a text of at most 255 bytes.");
    return read_text(claims, "scope", arena, &jwt->scope) ||
           refuse(err, "scope must be a text of scopes, blanks between.");
}

static bool read_parts(const struct parts *parts, struct arena *arena, struct auth_jwt *jwt, struct err *err)
{
    struct slice signature;
    if (!auth_base64url_read(parts->signature, arena, &signature) || signature.len == 0)
        return refuse(err, "it has no signature in unpadded base64url.");
    json_scoped *header = read_object(parts->header, arena, err);
    if (!header || !read_header(header, arena, jwt, err))
        return false;
    json_scoped *claims = read_object(parts->claims, arena, err);
    return claims && read_claims(claims, arena, jwt, err);
}

bool auth_jwt_parse(struct slice text, struct arena *arena, struct auth_jwt *jwt_out, struct err *err)
{
    struct parts parts;
    *jwt_out = (struct auth_jwt){.text = text};
    if (text.len > AUTH_JWT_MAX_BYTES)
        return refuse(err, "it has more than 4096 bytes.");
    if (!split(text, &parts))
        return refuse(err, "it has not three parts.");
    return read_parts(&parts, arena, jwt_out, err);
}

/* --- claims --- */

bool auth_jwt_check(const struct auth_jwt *jwt, struct slice audience, int64_t now_ms, struct err *err)
{
    int64_t now_s = now_ms / 1000;
    if (!is(jwt->audience, audience))
        return err_set(err, ERR_UNAUTHORIZED, "The JWT is refused: aud must be \"%.*s\".", (int)audience.len,
                       audience.data);
    if (!is(jwt->issuer, jwt->subject))
        return refuse(err, "iss and sub must be the environment's id.");
    if (jwt->expires_s <= jwt->issued_s || jwt->expires_s - jwt->issued_s > AUTH_JWT_LIFETIME_S)
        return refuse(err, "exp must be behind iat, by 600 seconds at most.");
    if (jwt->issued_s > now_s + AUTH_JWT_SKEW_S || jwt->not_before_s > now_s + AUTH_JWT_SKEW_S)
        return refuse(err, "it is not valid yet: compare the clocks.");
    return jwt->expires_s > now_s - AUTH_JWT_SKEW_S || refuse(err, "it has expired.");
}
