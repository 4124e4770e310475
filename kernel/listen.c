/* listen.c - the address of --listen: what it says, and what is wrong with it. Start-up. */
#include "listen.h"

#include <stdio.h>

#include "net/server.h"

bool listen_split(const char *listen, char *host, size_t size, int *port)
{
    const char *colon = strrchr(listen, ':');
    int64_t n;
    if (!colon || str_to_i64(str_of(colon + 1), &n) != CRM_OK || n < 0 || n > 65535) {
        return false;
    }
    size_t length = (size_t)(colon - listen);
    if (length > 2 && listen[0] == '[' && listen[length - 1] == ']') {
        listen++;
        length -= 2;
    }
    if (!length || length >= size) {
        return false;
    }
    memcpy(host, listen, length);
    host[length] = 0;
    *port = (int)n;
    return true;
}

void listen_say(const server_options *o, crm_status s)
{
    bool is_ru = o->lang[0] == 'r';
    const char *why = is_ru ? "внутренняя ошибка" : "an internal error";
    if (s == CRM_CONFLICT) {
        why = is_ru ? "этот порт занят другой программой" : "another program has that port";
    } else if (s == CRM_DENIED) {
        why = is_ru ? "нет права на этот порт; обычно дают от 1024"
                    : "no right to that port; those from 1024 are usually free to use";
    } else if (s == CRM_INVALID) {
        why = is_ru
                  ? "нужен АДРЕС:ПОРТ, адрес этой машины цифрами, порт от 0 до 65535"
                  : "expected ADDRESS:PORT, an address of this machine in digits, a port to 65535";
    }
    fprintf(stderr, "karkas: --listen %s: %s\n", o->listen, why);
}

crm_status listen_check(const server_options *o)
{
    char host[64];
    int port;
    crm_status s = CRM_INVALID;
    if (listen_split(o->listen, host, sizeof host, &port)) {
        s = http_can_listen(host, port);
    }
    if (s != CRM_OK) {
        listen_say(o, s);
    }
    return s;
}
