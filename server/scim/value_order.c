#include <stdlib.h>

#include "base/must.h"
#include "value.h"

/* Declared members move `next` forward; a member that no attribute declares has to stand behind them, by name. */
static bool is_in_order(const json_t *object, const struct scim_attribute *attributes, size_t count, const char *last)
{
    size_t next = 0;
    const char *other = NULL, *name;
    bool last_seen = false;
    json_t *value;

    json_object_foreach (value_iterable(object), name, value) {
        if (last_seen)
            return false;
        if (last && strcmp(last, name) == 0) {
            last_seen = true;
            continue;
        }
        size_t i = next;
        while (i < count && strcmp(attributes[i].name, name) != 0)
            i++;
        if (i < count && !other) {
            next = i + 1;
            continue;
        }
        for (i = 0; i < count; i++)
            if (strcmp(attributes[i].name, name) == 0)
                return false;
        if (other && strcmp(other, name) > 0)
            return false;
        other = name;
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Moves what `ordered` has not got yet, sorted by name. */
static void add_others(json_t *ordered, const json_t *object, const char *last)
{
    size_t count = 0;
    const char *name, **names = calloc(json_object_size(object), sizeof *names);
    json_t *value;
    must(names);

    json_object_foreach (value_iterable(object), name, value) {
        if (!json_object_get(ordered, name) && !(last && strcmp(last, name) == 0))
            names[count++] = name;
    }
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++)
        json_object_set_nocheck(ordered, names[i], json_object_get(object, names[i]));
    free(names);
}

json_t *value_in_order(const json_t *object, const struct scim_attribute *attributes, size_t count, const char *last)
{
    if (is_in_order(object, attributes, count, last))
        return value_share(object);

    json_t *ordered = json_object(), *value;
    for (size_t i = 0; i < count; i++)
        if ((value = json_object_get(object, attributes[i].name)) && !(last && strcmp(last, attributes[i].name) == 0))
            json_object_set_nocheck(ordered, attributes[i].name, value);
    add_others(ordered, object, last);
    if (last && (value = json_object_get(object, last)))
        json_object_set_nocheck(ordered, last, value);
    return ordered;
}
