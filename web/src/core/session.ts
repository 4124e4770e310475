// Who is in: the session, what is read once it is open (meta and strings), and what happens when it ends while
// someone works. The screens stay as they are behind the login; the requests that waited are made again.
import { api, ApiError, onSessionLost, request, setCsrf, type Session } from './api.ts';
import { follow, link, on, stop } from './events.ts';
import { lang, setLang, setModuleStrings, storedLang, type Lang } from './i18n.ts';
import { meta } from './meta.ts';
import { Store } from './store.ts';
import { suggestTheme } from './theme.ts';
import type { Meta, Problem } from './types.ts';

const PATIENCE = 300;

export type Phase = 'starting' | 'login' | 'password' | 'ready' | 'broken';

/** `expired` is set while a login is asked for in the middle of work. */
export interface State {
  phase: Phase;
  expired: boolean;
  problem: Problem | null;
  login?: string;
}

export const session = new Store<State>({ phase: 'starting', expired: false, problem: null });

let waiting: (() => void)[] = [];
let lastUser = 0;

export async function boot(): Promise<void> {
  onSessionLost(lost);
  on('meta', () => void refreshMeta());
  on('bye', ({ reason }) => {
    if (reason === 'session_ended') void check();
  });
  lang.watch(() => {
    if (meta.value) void loadStrings();
  });
  try {
    await opened(await request<Session>('/session', { keepOut: true }));
  } catch (error) {
    fail(error);
  }
}

export async function login(name: string, password: string): Promise<void> {
  await opened(
    await request<Session>('/session', { method: 'POST', body: { login: name, password }, keepOut: true }),
  );
}

export async function setPassword(old: string | null, next: string): Promise<void> {
  await request<void>('/session/password', {
    method: 'POST',
    body: old === null ? { new: next } : { old, new: next },
    keepOut: true,
  });
  await opened(await request<Session>('/session', { keepOut: true }));
}

export async function logout(): Promise<void> {
  stop();
  await request<void>('/session', { method: 'DELETE', keepOut: true }).catch(() => undefined);
  location.assign('/');
}

function fail(error: unknown): void {
  const problem = error instanceof ApiError ? error.problem : { status: 0, code: 'internal' };
  const phase =
    problem.code === 'unauthenticated'
      ? 'login'
      : problem.code === 'password_required'
        ? 'password'
        : 'broken';
  session.set({ phase, expired: false, problem: phase === 'broken' ? problem : null });
}

async function opened(answer: Session): Promise<void> {
  setCsrf(answer.csrf);
  if (answer.must === 'password') {
    session.set({
      phase: 'password',
      expired: session.value.expired,
      problem: null,
      login: answer.user.login,
    });
    return;
  }
  const other = lastUser !== 0 && lastUser !== answer.user.id;
  if (other) {
    location.assign('/');
    return;
  }
  lastUser = answer.user.id;
  follow(() => void check());
  try {
    if (!meta.value) await Promise.all([refreshMeta(), streamOpen()]);
  } catch (error) {
    fail(error);
    return;
  }
  session.set({ phase: 'ready', expired: false, problem: null });
  const retry = waiting;
  waiting = [];
  for (const go of retry) go();
}

/** Lists that are read once the stream is open need not be read again; a slow stream holds nobody up. */
function streamOpen(): Promise<void> {
  return new Promise((done) => {
    const off = link.watch(({ state }) => {
      if (state === 'live' || state === 'lost') done();
    });
    if (link.value.state === 'live') done();
    window.setTimeout(() => {
      off();
      done();
    }, PATIENCE);
  });
}

/** With the modules' strings in the language of the moment; another one that the user prefers takes a request more. */
async function refreshMeta(): Promise<void> {
  const asked: Lang = lang.value;
  const next = await api.get<Meta & { strings: Record<string, string> }>(`/meta?strings=${asked}`);
  const theirs = next.user.prefs?.lang;
  if (!storedLang() && (theirs === 'ru' || theirs === 'en')) setLang(theirs, false);
  if (lang.value === asked) setModuleStrings(next.strings);
  else await loadStrings();
  suggestTheme(next.user.prefs?.theme);
  meta.set(next);
}

async function loadStrings(): Promise<void> {
  const wanted: Lang = lang.value;
  const { strings } = await request<{ strings: Record<string, string> }>(`/i18n/${wanted}`, {
    keepOut: true,
  });
  if (wanted !== lang.value) return;
  setModuleStrings(strings);
  meta.update((m) => (m ? { ...m } : m));
}

/** Asks whether the session still stands; the stream cannot tell why it was refused. */
async function check(): Promise<void> {
  if (session.value.phase !== 'ready') return;
  try {
    setCsrf((await request<Session>('/session', { keepOut: true })).csrf);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'unauthenticated') void lost(error.problem);
  }
}

async function lost(problem: Problem): Promise<void> {
  if (problem.code === 'csrf') {
    setCsrf((await request<Session>('/session', { keepOut: true })).csrf);
    return;
  }
  stop();
  const phase = problem.code === 'password_required' ? 'password' : 'login';
  session.set({ phase, expired: meta.value !== null, problem: null });
  await new Promise<void>((resume) => {
    waiting.push(resume);
  });
}
