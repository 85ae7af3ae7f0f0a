// Signing in with a key, for browsers that did not come through the printed link.
import { ApiError, messageOf, post } from '../api.js';
import { fromTemplate, setAttr, setText } from '../dom.js';
import { mount, setTitle } from '../shell.js';

/** @import { Session } from '../../api.d.ts' */
/** @import { Screen } from '../../types.d.ts' */

/** @param {(session: Session) => void} signedIn @returns {Screen} */
export function signInScreen(signedIn) {
  const { root, parts } = fromTemplate('sign-in');
  setTitle('Sign in');
  setText(parts.host, location.host);
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
  return {};
}
