// Requests to the server. Every answer that is not a success becomes an ApiError with the problem's code. When the
// session has ended, the request waits for a new login and is then made again, so that no work is lost.
import { lang } from './i18n.ts';
import type { Page, Problem, Row, User } from './types.ts';

export class ApiError extends Error {
  readonly problem: Problem;
  readonly retryAfter: number;

  constructor(problem: Problem, retryAfter = 0) {
    super(problem.detail ?? problem.title ?? problem.code);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  get code(): string {
    return this.problem.code;
  }
  get status(): number {
    return this.problem.status;
  }
  get isOffline(): boolean {
    return this.problem.code === 'offline';
  }
}

export interface Session {
  user: User;
  csrf: string;
  must: 'password' | null;
}
export interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  keepOut?: boolean;
}

let csrf: Promise<string> | null = null;
let relogin: ((problem: Problem) => Promise<void>) | null = null;

export function setCsrf(token: string): void {
  csrf = Promise.resolve(token);
}

/** What unsafe requests carry: nobody needs it to read, so it is asked for when the first of them is made. */
export function csrfToken(): Promise<string> {
  csrf ??= request<Session>('/session', { keepOut: true }).then(
    (answer) => answer.csrf,
    () => {
      csrf = null;
      return ''; // the request itself is then answered with what is wrong
    },
  );
  return csrf;
}

/** Whoever shows the login gives a function here that resolves once the same user is in again. */
export function onSessionLost(handler: (problem: Problem) => Promise<void>): void {
  relogin = handler;
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const problem = (await answer.json()) as Problem;
    return { ...problem, status: answer.status, code: problem.code ?? 'internal' };
  } catch {
    return { status: answer.status, code: answer.status === 404 ? 'not_found' : 'internal' };
  }
}

async function send(path: string, options: Options): Promise<Response> {
  const method = options.method ?? 'GET';
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': lang.value,
    ...options.headers,
  };
  const isLogin = method === 'POST' && path === '/session';
  if (method !== 'GET' && !isLogin) headers['X-CSRF-Token'] = await csrfToken();
  if (options.body !== undefined || method === 'POST' || method === 'PATCH')
    headers['Content-Type'] = 'application/json';
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers,
      body,
      signal: options.signal,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError({ status: 0, code: 'offline' });
  }
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const answer = await send(path, options);
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const problem = await problemOf(answer);
  const lost =
    problem.code === 'unauthenticated' || problem.code === 'password_required' || problem.code === 'csrf';
  if (lost && relogin && !options.keepOut) {
    await relogin(problem);
    return request<T>(path, { ...options, keepOut: true });
  }
  throw new ApiError(problem, Number(answer.headers.get('Retry-After')) || 0);
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => request<T>(path, { signal }),
  post: <T>(path: string, body?: unknown, headers?: Record<string, string>) =>
    request<T>(path, { method: 'POST', body: body ?? {}, headers }),
  patch: <T>(path: string, body: unknown, headers?: Record<string, string>) =>
    request<T>(path, { method: 'PATCH', body, headers }),
  del: <T = void>(path: string) => request<T>(path, { method: 'DELETE' }),

  list: (entity: string, search: URLSearchParams, signal?: AbortSignal) =>
    request<Page>(`/${entity}?${search}`, { signal }),
  record: (entity: string, id: number, signal?: AbortSignal) => request<Row>(`/${entity}/${id}`, { signal }),
  save: (entity: string, id: number, rev: number, patch: unknown) =>
    request<Row>(`/${entity}/${id}`, { method: 'PATCH', body: patch, headers: { 'If-Match': `"${rev}"` } }),
  create: (entity: string, body: unknown, key: string) =>
    request<Row>(`/${entity}`, { method: 'POST', body, headers: { 'Idempotency-Key': key } }),
};

/** A key for one intention to write: repeating the request with it does nothing twice. */
export function writeKey(): string {
  return crypto.randomUUID();
}
