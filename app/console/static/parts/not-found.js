// What stands in the place of a batch that cannot be shown.
import { h } from '../dom.js';
import { setBreadcrumbs } from '../shell.js';

export function notFound(error) {
  const gone = error.status === 404 || error.status === 422;
  setBreadcrumbs(['Batches', '#/batches'], [gone ? 'Not found' : '…']);
  return h(
    'div.page',
    h(
      'div.empty',
      h('h2', gone ? 'No such batch' : 'The batch could not be loaded'),
      h('p', gone ? 'It may have been deleted, or the address is not complete.' : error.message),
      h('a.btn', { href: '#/batches' }, 'All batches'),
    ),
  );
}
