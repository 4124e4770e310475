// Who is in: the session, what is read once it is open (meta and strings), and what happens when it ends while
// someone works. The screens stay as they are behind the login; the requests that waited are made again.
import { askAhead, rowsAhead } from './ahead.ts';
import { ApiError, onSessionLost, request, setCsrf, type Session } from './api.ts';
import { follow, link, on, stop } from './events.ts';
import { lang, setLang, setModuleStrings, storedLang, type Lang } from './i18n.ts';
import { meta } from './meta.ts';
import { Store } from './store.ts';
import { suggestTheme } from './theme.ts';
import type { Meta, Problem } from './types.ts';

const PATIENCE = 300;

/** `bare`: not even the texts could be loaded, so nothing can be said in the user's language. */
export type Phase = 'starting' | 'login' | 'password' | 'ready' | 'broken' | 'bare';

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
let texts: Promise<void>;

export async function boot(): Promise<void> {
  onSessionLost(lost);
  on('meta', () => void refreshMeta());
  on('bye', ({ reason }) => {
    if (reason === 'session_ended') void check();
  });
  lang.watch(() => {
    if (meta.value) void loadStrings();
  });
  texts = setLang(lang.value, false);
  texts.catch(() => undefined); // told of where they are needed
  await enter(0);
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

/** Ends the session and shows the login. Where it cannot be ended it says why and all stays as it is. */
export async function logout(): Promise<void> {
  stop(); // the stream would say that the session has ended, and a login would be asked for
  try {
    await endSession();
  } catch (error) {
    follow(() => void check());
    throw error;
  }
  location.assign('/');
}

async function endSession(): Promise<void> {
  const end = () => request<void>('/session', { method: 'DELETE', keepOut: true });
  try {
    await end();
  } catch (error) {
    const code = error instanceof ApiError ? error.code : '';
    if (code === 'unauthenticated') return; // it is over already
    if (code !== 'csrf') throw error;
    await renewCsrf();
    await end();
  }
}

/** The token is another one once somebody has signed in anew in another tab. */
async function renewCsrf(): Promise<void> {
  setCsrf((await request<Session>('/session', { keepOut: true })).csrf);
}

/** The texts are on their way beside what is asked of the server; a screen waits for both. */
async function show(state: State): Promise<void> {
  const isReadable = await texts.then(
    () => true,
    () => false,
  );
  session.set(isReadable ? state : { phase: 'bare', expired: false, problem: null });
}

/**
 * What the deployment is for this user tells also whether there is a session; the stream is opened beside it. The user
 * waits for it `since` then, by performance.now().
 */
export async function enter(since: number): Promise<void> {
  try {
    follow(() => void check());
    if (!meta.value) {
      await Promise.all([refreshMeta(true), streamOpen()]);
      askAhead(since);
      await rowsAhead();
    }
  } catch (error) {
    stop();
    if (error instanceof ApiError && error.code === 'password_required') await askPassword();
    else await fail(error);
    return;
  }
  lastUser = meta.value!.user.id;
  await show({ phase: 'ready', expired: false, problem: null });
  const retry = waiting;
  waiting = [];
  for (const go of retry) go();
}

/** A password is chosen by a name, and the session knows whose. */
async function askPassword(): Promise<void> {
  await request<Session>('/session', { keepOut: true }).then(opened, fail);
}

async function fail(error: unknown): Promise<void> {
  const problem = error instanceof ApiError ? error.problem : { status: 0, code: 'internal' };
  const phase = problem.code === 'unauthenticated' ? 'login' : 'broken';
  await show({ phase, expired: false, problem: phase === 'broken' ? problem : null });
}

async function opened(answer: Session): Promise<void> {
  setCsrf(answer.csrf);
  if (answer.must === 'password') {
    await show({
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
  await enter(performance.now());
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
async function refreshMeta(keepOut = false): Promise<void> {
  const asked: Lang = lang.value;
  const next = await request<Meta & { strings: Record<string, string> }>(`/meta?strings=${asked}`, { keepOut });
  const theirs = next.user.prefs?.lang;
  if (!storedLang() && (theirs === 'ru' || theirs === 'en') && theirs !== lang.value) await follows(theirs);
  if (lang.value === asked) setModuleStrings(next.strings);
  else await loadStrings();
  suggestTheme(next.user.prefs?.theme);
  meta.set(next);
}

/** The language of the user's settings, where this device has none of its own. */
async function follows(theirs: Lang): Promise<void> {
  await texts;
  await setLang(theirs, false).catch(() => {
    throw new ApiError({ status: 0, code: 'offline' });
  });
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
    await renewCsrf();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'unauthenticated') void lost(error.problem);
  }
}

async function lost(problem: Problem): Promise<void> {
  if (problem.code === 'csrf') return renewCsrf();
  stop();
  const phase = problem.code === 'password_required' ? 'password' : 'login';
  session.set({ phase, expired: meta.value !== null, problem: null });
  await new Promise<void>((resume) => {
    waiting.push(resume);
  });
}
