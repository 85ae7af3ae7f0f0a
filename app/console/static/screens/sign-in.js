// Signing in with a key or with the OpenID provider, for browsers that did not come through the printed link.
import { ApiError, get, messageOf, post } from '../api.js';
import { fromTemplate, setAttr, setText } from '../dom.js';
import { urlOf } from '../root.js';
import { mount, setTitle } from '../shell.js';

/** @import { Session, SignInMethods } from '../../api.d.ts' */
/** @import { Screen, TemplateParts } from '../../types.d.ts' */

/**
 * @param {(session: Session) => void} signedIn
 * @param {() => string} wanted the address, after the '#', that is shown once somebody is signed in
 * @returns {Screen}
 */
export function signInScreen(signedIn, wanted) {
  const { root, parts } = fromTemplate('sign-in');
  setTitle('Sign in');
  setText(parts.host, location.host + urlOf(''));
  mount(root, '#bare');

  /** @param {string} message */
  function showError(message) {
    setText(parts.error, message);
    setAttr(parts.key, 'aria-invalid', message ? 'true' : null);
    if (message) parts.key.focus();
  }

  root.addEventListener('submit', async () => {
    const key = parts.key.value.trim();
    if (!key) {
      showError('Enter a key first.');
      return;
    }
    /** @type {Session} */
    let session;
    try {
      session = await post('/api/session', { key });
    } catch (error) {
      showError(
        error instanceof ApiError && error.code === 'invalid_key'
          ? 'This key does not exist, or it was revoked.'
          : messageOf(error),
      );
      return;
    }
    showError('');
    signedIn(session);
  });
  parts.key.focus();
  offerProvider(parts, wanted);
  return {};
}

/** @param {TemplateParts['sign-in']} parts @param {() => string} wanted */
async function offerProvider(parts, wanted) {
  /** @type {SignInMethods} */
  let methods;
  try {
    methods = await get('/api/sign-in-methods');
  } catch {
    return; // A key still signs in.
  }
  if (!methods.openid) return;
  setText(parts.provider, `Sign in with ${methods.openid.label}`);
  setAttr(parts.provider, 'href', `${methods.openid.path}?${new URLSearchParams({ next: `/${wanted()}` })}`);
  parts.provider.hidden = false;
}
