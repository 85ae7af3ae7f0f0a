// What stands in the place of a screen that the caller may not see.
import { get } from '../api.js';
import { emptyState, loader, page } from '../parts/page.js';
import { session } from '../shell.js';

export function forbiddenScreen() {
  const { body } = page('Not for you');
  const who = session ? `${session.user.name} of ${session.organisation.name}` : 'you';
  const key = 'Your key is limited to pipelines, and this page is about others, or about all of them.';
  if (session?.pipelines) body.append(emptyState('Your key does not open this page', key));
  else
    body.append(
      emptyState(
        'Your role does not open this page',
        `You are signed in as ${who}. An administrator of your organisation can give you another role under Users.`,
      ),
    );
  return loader({ load: () => get('/api/session'), draw() {}, failed() {} });
}
