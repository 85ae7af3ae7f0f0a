// Talking to the service: JSON in and out, and every refusal an ApiError with the problem's code.
import { setServerClock } from './format.js';

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The service answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    this.errors = problem.errors ?? [];
    this.problem = problem;
  }
}

let signedOut = () => {};
/** `act` runs whenever the service no longer knows who is asking. */
export function onSignedOut(act) {
  signedOut = act;
}

function toApiError(status, problem) {
  const error = new ApiError(status, problem ?? {});
  if (status === 401 && error.code !== 'invalid_key') signedOut();
  return error;
}

const unreachable = () => new ApiError(0, { code: 'unreachable', detail: 'The service cannot be reached.' });

/** `body` goes out as JSON, but for a File, which goes out as it is. */
export async function request(method, path, body) {
  const headers = { Accept: 'application/json' };
  const isFile = body instanceof Blob;
  if (body !== undefined) headers['Content-Type'] = isFile ? body.type || 'text/csv' : 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined || isFile ? body : JSON.stringify(body) });
  } catch {
    throw unreachable();
  }
  setServerClock(response.headers.get('Date'));
  if (response.status === 204) return null;
  const content = await response.json().catch(() => null);
  if (!response.ok) throw toApiError(response.status, content);
  return content;
}

/** A query string from the members that have a value, with its question mark. */
export function queryString(params) {
  const present = Object.entries(params).filter(([, value]) => value != null && value !== '');
  return present.length ? `?${new URLSearchParams(present)}` : '';
}

export const get = (path, params = {}) => request('GET', path + queryString(params));

/** Everything of a list, page by page: `member` is where a page has its things. */
export async function getAll(path, member) {
  const found = [];
  let cursor = null;
  do {
    const page = await get(path, { limit: 1000, cursor });
    found.push(...page[member]);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

export const post = (path, body) => request('POST', path, body);
export const patch = (path, body) => request('PATCH', path, body);
export const remove = (path) => request('DELETE', path);

/** PUTs one file. XHR and not fetch, because only XHR reports how much has been sent. */
export function upload(file, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('PUT', `/api/files/${encodeURIComponent(file.name)}`);
    xhr.setRequestHeader('Accept', 'application/json');
    xhr.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    xhr.responseType = 'json';
    xhr.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, event.total));
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) resolve(xhr.response);
      else reject(toApiError(xhr.status, xhr.response));
    };
    xhr.onerror = () => reject(unreachable());
    signal.addEventListener('abort', () => xhr.abort());
    xhr.send(file);
  });
}
