// What is shown instead of a batch that cannot be loaded.
import { isNotFound, messageOf } from '../api.js';
import { h } from '../dom.js';
import { setBreadcrumbs } from '../shell.js';

/** @param {unknown} error */
export function notFound(error) {
  const gone = isNotFound(error);
  setBreadcrumbs(['Batches', '#/batches'], [gone ? 'Not found' : '…']);
  return h(
    'div.page',
    h(
      'div.empty',
      h('h2', gone ? 'No such batch' : 'The batch could not be loaded'),
      h('p', gone ? 'It may have been deleted, or the address is incomplete.' : messageOf(error)),
      h('a.btn', { href: '#/batches' }, 'All batches'),
    ),
  );
}
