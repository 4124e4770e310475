// Files to the server and from it. An upload tells how far it is, which fetch cannot; an export is first asked how
// many rows it will have.
import { ApiError, csrfToken } from './api.ts';
import { lang } from './i18n.ts';
import type { Problem } from './types.ts';

export interface Upload<T> {
  done: Promise<T>;
  stop: () => void;
}

/** Sends `file` as the body; `told` gets the share that has gone, 0 to 1. */
export function upload<T>(path: string, file: File, told: (share: number) => void): Upload<T> {
  const request = new XMLHttpRequest();
  const aborted = () => new ApiError({ status: 0, code: 'aborted' });
  let isStopped = false;
  const send = (token: string) =>
    new Promise<T>((resolve, reject) => {
      request.open('POST', `/api/v1${path}`);
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.setRequestHeader('Accept-Language', lang.value);
      request.setRequestHeader('X-CSRF-Token', token);
      request.upload.onprogress = (e) => told(e.total ? e.loaded / e.total : 0);
      request.onload = () => {
        const body = parse(request.responseText);
        if (request.status < 300 && body) resolve(body as T);
        else reject(new ApiError(problem(request.status, body)));
      };
      request.onerror = () => reject(new ApiError({ status: 0, code: 'offline' }));
      request.onabort = () => reject(aborted());
      request.send(file);
    });
  const done = csrfToken().then((token) => (isStopped ? Promise.reject(aborted()) : send(token)));
  const stop = () => {
    isStopped = true;
    request.abort();
  };
  return { done, stop };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function problem(status: number, body: unknown): Problem {
  const given = (body ?? {}) as Partial<Problem>;
  return { ...given, status, code: given.code ?? 'internal' };
}

export interface ExportSize {
  /** Null: too many to be counted in time; the file comes all the same. */
  rows: number | null;
  lost: number;
}

/** What an export will hold: rows, and characters that its encoding lacks. */
export async function exportSize(address: string, signal: AbortSignal): Promise<ExportSize> {
  const headers = { 'Accept-Language': lang.value };
  const answer = await fetch(address, { method: 'HEAD', headers, signal, credentials: 'same-origin' });
  if (!answer.ok) throw new ApiError({ status: answer.status, code: 'internal' });
  const total = answer.headers.get('X-Total-Count');
  return {
    rows: total === null ? null : Number(total) || 0,
    lost: Number(answer.headers.get('X-Lost-Characters')) || 0,
  };
}
