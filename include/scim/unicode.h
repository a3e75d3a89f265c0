/* Strings prepared for comparison. Output is appended to `out` as UTF-8. Input is valid UTF-8 (JSON was checked). */
#ifndef SCIM_UNICODE_H
#define SCIM_UNICODE_H

#include "base/buf.h"
#include "base/err.h"

/* caseExact strings: NFC (I-02). */
void scim_prepare_exact(struct slice text, struct buf *out);

/* Other strings: NFC, Unicode simple case folding, NFC again (I-02). No accent folding, no trimming: e and é differ, ß
 * and ss differ, a trailing blank counts. */
void scim_prepare_folded(struct slice text, struct buf *out);

/* userName: PRECIS UsernameCaseMapped (RFC 8265 section 3.3, I-03): width mapping, lower-casing, NFC, Bidi rule,
 * IdentifierClass. A text outside the class (a blank between userparts, a symbol) takes width mapping + lower-casing +
 * NFC, unless strict: then ERR_INVALID_VALUE. C0 controls and bidi controls: ERR_INVALID_VALUE always. */
MUST_CHECK bool scim_prepare_username(struct slice text, bool strict, struct buf *out, struct err *err);

/* C0 controls other than TAB, LF, CR, and DEL, or U+0000 (I-05). */
bool scim_has_control(struct slice text);

#endif
