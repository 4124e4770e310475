/*
 * registry_pin.c - the one current registry and who holds it. Any thread.
 *
 * The pointer and the first reference to what it names are taken under one lock, so a registry
 * cannot go between the two. While it is current, the publication itself is a reference.
 */
#include <assert.h>
#include <pthread.h>

#include "data/registry_internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static holder *current;
static atomic_uint held; /* published and not released yet */

void registry_publish(registry *r, void (*on_release)(registry *r, void *arg), void *arg)
{
    holder *h = r ? holder_of(r) : NULL;
    if (h) {
        assert(h->entity_mask); /* sealed */
        h->on_release = on_release;
        h->release_arg = arg;
    }
    atomic_fetch_add(&held, h != NULL);
    pthread_mutex_lock(&lock);
    holder *old = current;
    current = h;
    pthread_mutex_unlock(&lock);
    if (old) {
        registry_unpin(&old->pub);
    }
}

const registry *registry_pin(void)
{
    pthread_mutex_lock(&lock);
    holder *h = current;
    if (h) {
        atomic_fetch_add(&h->references, 1);
    }
    pthread_mutex_unlock(&lock);
    return h ? &h->pub : NULL;
}

const registry *registry_ref(const registry *pinned)
{
    unsigned before = atomic_fetch_add(&holder_of(pinned)->references, 1);
    assert(before > 0);
    (void)before;
    return pinned;
}

void registry_unpin(const registry *r)
{
    if (!r) {
        return;
    }
    holder *h = holder_of(r);
    unsigned before = atomic_fetch_sub(&h->references, 1);
    assert(before > 0);
    if (before != 1) {
        return;
    }
    atomic_fetch_sub(&held, 1);
    if (h->on_release) {
        h->on_release(&h->pub, h->release_arg);
    } else {
        registry_discard(&h->pub);
    }
}

bool registry_is_alone(void)
{
    return atomic_load(&held) <= 1;
}
