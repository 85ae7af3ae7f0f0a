// Talking to the service: JSON in and out, and every refusal an ApiError with the problem's code.
import { setServerClock } from './format.js';
import { urlOf } from './root.js';

/** @import { FieldError, Page, Pipeline, Problem } from '../api.d.ts' */

export class ApiError extends Error {
  /** @param {number} status 0 when the service cannot be reached @param {Problem} problem */
  constructor(status, problem) {
    super(problem.detail || problem.title || `The service answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    /** @type {FieldError[]} */
    this.errors = problem.errors ?? [];
    this.problem = problem;
  }

  /** The service is away, or has failed; trying again may help. */
  get isOutage() {
    return this.status === 0 || this.status >= 500;
  }
}

/** @param {unknown} error @param {...number} statuses */
export const hasStatus = (error, ...statuses) => error instanceof ApiError && statuses.includes(error.status);

/** A batch, template or the like that is not there; an id that cannot be one is answered with 422. @param {unknown} error */
export const isNotFound = (error) => hasStatus(error, 404, 422);

/**
 * An error as one sentence, with the first field it is about.
 * @param {unknown} error
 */
export function errorText(error) {
  const [first] = error instanceof ApiError ? error.errors : [];
  return first ? fieldErrorText(first) : messageOf(error);
}

/** @param {FieldError} error */
export function fieldErrorText({ loc, msg }) {
  const path = loc.slice(1).filter((part) => typeof part === 'string');
  const field = path.join(' ').replaceAll('_', ' ');
  return field ? `${field}: ${msg}` : msg;
}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

let signedOut = () => {};
/**
 * `act` runs whenever the service no longer knows who is asking.
 * @param {() => void} act
 */
export function onSignedOut(act) {
  signedOut = act;
}

/** What is said of a key that somebody signs in with. */
const KEYS_OWN = ['invalid_key', 'organisation_disabled'];

/** @param {number} status @param {Problem | null} problem */
function toApiError(status, problem) {
  const error = new ApiError(status, problem ?? {});
  if (status === 401 && !KEYS_OWN.includes(error.code)) signedOut();
  return error;
}

let nearLimit = () => {};
/**
 * `act` runs whenever an answer says that the organisation came near a limit.
 * @param {() => void} act
 */
export function onNearLimit(act) {
  nearLimit = act;
}

const unreachable = () => new ApiError(0, { code: 'unreachable', detail: 'The service cannot be reached.' });

/** @param {unknown} body */
const encode = (body) => (body === undefined ? undefined : JSON.stringify(body));

/**
 * `body` goes out as JSON, but for a File, which goes out as it is.
 * @template [Answer=unknown]
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Answer>}
 */
export async function request(method, path, body) {
  const isFile = body instanceof Blob;
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = isFile ? body.type || 'text/csv' : 'application/json';
  let response;
  try {
    response = await fetch(urlOf(path), { method, headers, body: isFile ? body : encode(body) });
  } catch {
    throw unreachable();
  }
  setServerClock(response.headers.get('Date'));
  if (response.headers.has('Quota-Warning')) nearLimit();
  if (response.status === 204) return /** @type {Answer} */ (null);
  const content = await response.json().catch(() => null);
  if (!response.ok) throw toApiError(response.status, content);
  return content;
}

/**
 * Loads something that is no JSON into the browser's cache; what its headers say.
 * @param {string} url
 */
export async function fetchHeaders(url) {
  const response = await fetch(url).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw toApiError(response.status, await response.json().catch(() => null));
  await response.blob();
  return response.headers;
}

/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */

/**
 * A query string from the members that have a value, with its question mark.
 * @param {Query} params
 */
export function queryString(params) {
  const present = Object.entries(params).flatMap(([name, value]) =>
    value == null || value === '' ? [] : [[name, String(value)]],
  );
  return present.length ? `?${new URLSearchParams(present)}` : '';
}

/**
 * @template [Answer=unknown]
 * @param {string} path
 * @param {Query} [params]
 * @returns {Promise<Answer>}
 */
export const get = (path, params = {}) => request('GET', path + queryString(params));

/**
 * `get`, or null where it fails.
 * @template [Answer=unknown]
 * @param {string} path
 * @param {Query} [params]
 * @returns {Promise<Answer | null>}
 */
export async function getOrNull(path, params) {
  try {
    return await get(path, params);
  } catch {
    return null;
  }
}

/**
 * Everything of a list, page by page: `member` is where a page has its items.
 * @template [Item=unknown]
 * @param {string} path
 * @param {string} member
 * @param {Query} [query]
 */
export async function getAll(path, member, query = {}) {
  /** @type {Item[]} */
  const found = [];
  let cursor = query.cursor ?? null;
  do {
    /** @type {Page<string, Item>} */
    const page = await get(path, { limit: 1000, ...query, cursor });
    found.push(...page[member]);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

/** @returns {Promise<Pipeline[]>} */
export async function getPipelines() {
  /** @type {{ pipelines: Pipeline[] }} */
  const { pipelines } = await get('/api/pipelines');
  return pipelines;
}

/** @template [Answer=unknown] @param {string} path @param {unknown} [body] @returns {Promise<Answer>} */
export const post = (path, body) => request('POST', path, body);
/** @template [Answer=unknown] @param {string} path @param {unknown} body @returns {Promise<Answer>} */
export const patch = (path, body) => request('PATCH', path, body);
/** @param {string} path @returns {Promise<null>} */
export const remove = (path) => request('DELETE', path);

/**
 * PUTs one file. XHR and not fetch, because only XHR reports how much has been sent.
 * @param {File} file
 * @param {{ signal: AbortSignal, onProgress: (share: number) => void }} options
 * @returns {Promise<{ id: string }>}
 */
export function upload(file, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('PUT', urlOf(`/api/files/${encodeURIComponent(file.name)}`));
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
