/* must(x): an invariant of our own code. Stays on in release builds, prints where, aborts. Input can never trigger one.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#define must(condition) ((condition) ? (void)0 : must_failed(#condition, __FILE__, __LINE__))

_Noreturn void must_failed(const char *condition, const char *file, int line);

#endif
