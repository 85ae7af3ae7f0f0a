// Batches to be made again: what each is made of, running one, and looking first at what would be in it.
import { post, remove } from '../api.js';
import { button, h, icon } from '../dom.js';
import { plural } from '../format.js';
import { detailHeader, masterDetailScreen } from '../parts/master-detail.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState } from '../parts/page.js';
import { errorText } from '../parts/plain-form.js';
import { fromBatch, written } from '../parts/template-form.js';
import { go } from '../router.js';

const pipelineOf = ({ options }) => options.pipeline ?? options.pipelines?.join(', ') ?? '';
const isEmpty = (value) => value === null || value === '' || (typeof value === 'object' && !Object.keys(value).length);
const given = (members) => Object.entries(members ?? {}).filter(([, value]) => !isEmpty(value));

function wordsOf([name, value]) {
  if (name === 'failure_policy')
    return `${value.action}${value.threshold == null ? '' : ` past ${value.threshold * 100}%`}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function sourceWords({ type, items = [], tag, source, filter }) {
  if (type === 'files') return `files tagged “${tag}”`;
  if (type === 'rows')
    return `${source}: ${
      given(filter)
        .map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`)
        .join(', ') || 'all'
    }`;
  return items.length ? `the same ${plural(items.length, 'item')}` : 'nothing of its own: a run brings items';
}

function detail(template, { again, edit }) {
  const path = `/api/templates/${template.id}`;
  const preview = h('section.stack.tight', { role: 'status' });
  const run = actionButton(
    'Run now',
    'play',
    async () => {
      try {
        go(`#/batches/${(await post(`${path}/run`, {})).batch_id}`);
      } catch (error) {
        toast(errorText(error));
      }
    },
    { class: 'btn primary' },
  );
  const look = actionButton('What would be in it', 'search', async () => {
    try {
      const { jobs_count: jobs, items } = await post(`${path}/run`, { dry_run: true });
      const rest = jobs - items.length;
      preview.replaceChildren(
        h('h3', jobs ? `${plural(jobs, 'job')}, now` : 'Nothing, now'),
        h(
          'ol.numbered',
          items.map(({ name, source_type: type }) => h('li', name ?? type)),
        ),
        rest > 0 ? h('p.dim', `and ${rest.toLocaleString('en')} more`) : '',
      );
    } catch (error) {
      preview.replaceChildren(h('p.error', errorText(error)));
    }
  });
  const drop = button(
    'Delete…',
    'trash',
    async () => {
      if (
        !(await confirmAction(
          `Delete “${template.name}”?`,
          'Its schedules go with it. The batches it made stay.',
          'Delete template',
        ))
      )
        return;
      try {
        await remove(path);
        toast(`${template.name} deleted`);
        go('#/templates');
        again();
      } catch (error) {
        toast(error.message);
      }
    },
    { class: 'btn danger' },
  );
  const facts = [
    h('span', 'Pipeline ', h('b', pipelineOf(template))),
    h('span', 'Takes ', h('b', sourceWords(template.source))),
  ];
  const { params = {}, ...options } = template.options;
  const rows = [...given(params), ...given(options).filter(([name]) => !['pipeline', 'pipelines'].includes(name))];
  return {
    nodes: [
      detailHeader(template.name, facts, [
        run,
        look,
        edit,
        h('a.btn', { href: `#/new?template=${template.id}` }, icon('plus'), 'New batch from it'),
        h('a.btn', { href: `#/schedules/new?template=${template.id}` }, icon('clock'), 'Schedule'),
        drop,
      ]),
      template.description ? h('p.intro', template.description) : '',
      rows.length
        ? h(
            'dl.facts-list.narrow',
            rows.flatMap((row) => [h('dt', row[0].replaceAll('_', ' ')), h('dd', wordsOf(row))]),
          )
        : '',
      preview,
    ].filter(Boolean),
  };
}

export const templatesScreen = masterDetailScreen({
  title: 'Templates',
  path: 'templates',
  create: 'New template',
  look: (template) => [template.name, null, pipelineOf(template)],
  form: (tools, template) => (tools.params.get('from') ? fromBatch(tools) : written(tools, template)),
  detail,
  none: () =>
    emptyState(
      'No templates yet',
      'A template makes the same kind of batch again. Write one here, or choose “Save as template” on a batch.',
      h('a.btn', { href: '#/templates/new' }, icon('plus'), 'New template'),
    ),
});
