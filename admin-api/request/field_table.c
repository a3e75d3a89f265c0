#include "base/buf.h"
#include "base/json.h"
#include "field.h"

enum { SHOWN_NAME = 100 };

/* RFC 6901 section 6: "~" and "/" are escaped for the pointer, then what a URI fragment cannot hold. */
const char *admin_pointer(const char *parent, const char *name, struct arena *arena)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    struct buf out;
    buf_init(&out, strlen(parent) + (size_t)3 * SHOWN_NAME + 2);
    buf_add_str(&out, parent);
    buf_add_char(&out, '/');
    for (size_t i = 0; i < SHOWN_NAME && name[i]; i++) {
        if (name[i] == '~')
            buf_add_str(&out, "~0");
        else if (name[i] == '/')
            buf_add_str(&out, "~1");
        else if (strchr(unreserved, name[i]))
            buf_add_char(&out, name[i]);
        else
            buf_printf(&out, "%%%02X", (unsigned)(unsigned char)name[i]);
    }
    const char *pointer = arena_copy(arena, buf_slice(&out));
    buf_fini(&out);
    return pointer;
}

static void complain(struct field_errors *errors, const struct field_context *context, const char *name,
                     const char *detail)
{
    if (errors->count < FIELD_ERRORS_MAX)
        errors->list[errors->count++] = (struct field_error){admin_pointer("#", name, context->arena), detail};
}

static void check_member(const json_t *value, const struct admin_field *field, const struct field_context *context,
                         struct field_errors *errors)
{
    if (!value && (field->flags & FIELD_REQUIRED))
        complain(errors, context, field->name, "is required");
    if (!value || (json_is_null(value) && (field->flags & FIELD_NULLABLE)))
        return;
    const char *wrong = field->check(value, context);
    if (wrong)
        complain(errors, context, field->name, wrong);
}

static bool is_known(const char *name, const struct admin_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, fields[i].name) == 0)
            return true;
    return false;
}

void admin_fields_check(const json_t *body, const struct admin_field *fields, size_t count,
                        const struct field_context *context, struct field_errors *errors_out)
{
    for (size_t i = 0; i < count; i++)
        check_member(json_object_get(body, fields[i].name), &fields[i], context, errors_out);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)body, name, value) {
        if (!is_known(name, fields, count))
            complain(errors_out, context, name, "is not known here");
    }
}
