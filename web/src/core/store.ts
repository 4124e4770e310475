// State that several elements watch: a value, a set of listeners, and a Lit controller that redraws its host.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

export class Store<T> {
  #value: T;
  #listeners = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  watch(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Redraws `host` whenever one of the stores changes while the host is in the page. */
export class Watch implements ReactiveController {
  #stores: Store<any>[];
  #off: (() => void)[] = [];
  #host: ReactiveControllerHost;

  constructor(host: ReactiveControllerHost, ...stores: Store<any>[]) {
    this.#host = host;
    this.#stores = stores;
    host.addController(this);
  }

  hostConnected(): void {
    this.#off = this.#stores.map((store) => store.watch(() => this.#host.requestUpdate()));
  }

  hostDisconnected(): void {
    for (const off of this.#off) off();
    this.#off = [];
  }
}
