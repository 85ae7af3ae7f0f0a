// Signing in with a key, for browsers that did not come through the printed link.
import { post } from '../api.js';
import { fromTemplate, setAttr, setText } from '../dom.js';
import { mount, setTitle } from '../shell.js';

export function signInScreen(signedIn) {
  const { root, parts } = fromTemplate('sign-in');
  setTitle('Sign in');
  setText(parts.host, location.host);
  mount(root, '#bare');

  function complain(message) {
    setText(parts.error, message);
    setAttr(parts.key, 'aria-invalid', message ? 'true' : null);
    if (message) parts.key.focus();
  }

  root.addEventListener('submit', async () => {
    const key = parts.key.value.trim();
    if (!key) {
      complain('Paste a key first.');
      return;
    }
    let session;
    try {
      session = await post('/api/session', { key });
    } catch (error) {
      complain(error.code === 'invalid_key' ? 'No such key, or it was revoked.' : error.message);
      return;
    }
    complain('');
    signedIn(session);
  });
  parts.key.focus();
  return {};
}
