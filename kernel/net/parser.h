/*
 * parser.h - bytes to one request: the head's checks and llhttp. No sockets, no handlers.
 *
 * llhttp is strict, and still lets things pass that two servers in a row may read differently. So
 * the head is first collected whole (at most 16 KiB), checked line by line here, and only then read
 * by llhttp; both must agree. Loop thread. Internal to the net layer.
 */
#ifndef NET_PARSER_H
#define NET_PARSER_H

#include <crm/crm.h>
#include <llhttp.h>

#include "base/buf.h"
#include "net/http.h"

#define PARSER_HEAD_MAX   16384 /* request line and headers */
#define PARSER_TARGET_MAX 8192
#define PARSER_FIELDS_MAX 100
#define PARSER_EXTRA_MAX  16384 /* chunk extensions and trailers together */

typedef enum parser_phase { PARSER_HEAD, PARSER_BODY, PARSER_DONE, PARSER_REFUSED } parser_phase;

typedef struct parser {
    llhttp_t ll;
    http_request *r; /* filled when the head is complete; its arena is used */
    parser_phase phase;
    bool keeps_alive, is_http10, has_body, wants_continue;
    int status;       /* of the refusal */
    const char *code; /* of the refusal, static */
    buf head;         /* the head as it came; r's texts point into it */
    size_t line;      /* where the line being collected begins in `head` */
    size_t target_at, target_n;
    uint32_t field_count;
    size_t extra;
    uint64_t taken; /* bytes of the body so far */
    buf body;       /* what of them nobody has cleared away */
} parser;

void parser_init(parser *p);
void parser_fini(parser *p);
/* Ready for the next request, which fills `r`. Gives large buffers back. */
void parser_reset(parser *p, http_request *r);

typedef enum parser_result {
    PARSE_MORE,   /* all bytes were taken */
    PARSE_READY,  /* the head is complete: told once, before anything of the body is read */
    PARSE_WHOLE,  /* the request is complete */
    PARSE_REFUSED /* see status and code; nothing after it may be read */
} parser_result;

/* Takes bytes up to the next result; *used says how many. After PARSE_READY it is called again with
 * the rest, also when that is empty. */
parser_result parser_feed(parser *p, const char *bytes, size_t n, size_t *used);

#endif
