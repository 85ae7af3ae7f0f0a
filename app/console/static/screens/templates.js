// Templates of batches: what each consists of, running one, and previewing its items.
import { errorText, post, remove } from '../api.js';
import { button, h, icon } from '../dom.js';
import { plural } from '../format.js';
import { detailHeader, masterDetailScreen } from '../parts/master-detail.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState } from '../parts/page.js';
import { fromBatch, templateForm } from '../parts/template-form.js';
import { go } from '../router.js';

/** @import { BatchCreated, DryRun, FailurePolicy, Template, TemplateSource } from '../../api.d.ts' */
/** @import { Child, ScreenFactory } from '../../types.d.ts' */
/** @import { DetailTools } from '../parts/master-detail.js' */

/** @param {Template} template */
const pipelineOf = ({ options }) => options.pipeline ?? options.pipelines?.join(', ') ?? '';
/** @param {unknown} value */
const isEmpty = (value) => value === null || value === '' || (typeof value === 'object' && !Object.keys(value).length);
/** @param {object | undefined} members */
const given = (members) => Object.entries(members ?? {}).filter(([, value]) => !isEmpty(value));

/** @param {[string, unknown]} member */
function wordsOf([name, value]) {
  if (name === 'failure_policy') {
    const { action, threshold } = /** @type {FailurePolicy} */ (value);
    return threshold == null ? action : `${action} when more than ${threshold * 100}% fail`;
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** @param {Template} template */
function sourceWords({ source: { type, tag, source, filter }, items_count: count }) {
  if (type === 'files') return `all files tagged “${tag}”`;
  if (type === 'rows')
    return `${source}: ${
      given(filter)
        .map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`)
        .join(', ') || 'all'
    }`;
  return count ? `the same ${plural(count, 'item')}` : 'none of its own: each run brings its items';
}

/** @param {Template} template @param {DetailTools} tools */
function detail(template, { again, edit }) {
  const path = `/api/templates/${template.id}`;
  const preview = h('section.stack.tight', { role: 'status' });
  const run = actionButton(
    'Run now',
    'play',
    async () => {
      try {
        /** @type {BatchCreated} */
        const made = await post(`${path}/run`, {});
        go(`#/batches/${made.batch_id}`);
      } catch (error) {
        toast(errorText(error));
      }
    },
    { class: 'btn primary', 'data-needs': 'submit' },
  );
  const look = actionButton(
    'Preview items',
    'search',
    async () => {
      try {
        /** @type {DryRun} */
        const { jobs_count: jobs, items } = await post(`${path}/run`, { dry_run: true });
        const rest = jobs - items.length;
        preview.replaceChildren(
          h('h3', jobs ? `A run now would have ${plural(jobs, 'job')}` : 'A run now would have no jobs'),
          h(
            'ol.numbered',
            items.map(({ name, source_type: type }) => h('li', name ?? type)),
          ),
          rest > 0 ? h('p.dim', `and ${rest.toLocaleString('en')} more`) : '',
        );
      } catch (error) {
        preview.replaceChildren(h('p.error', errorText(error)));
      }
    },
    { 'data-needs': 'submit' },
  );
  const drop = button(
    'Delete…',
    'trash',
    async () => {
      if (
        !(await confirmAction(
          `Delete “${template.name}”?`,
          'This also deletes its schedules. The batches it created stay.',
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
        toast(errorText(error));
      }
    },
    { class: 'btn danger', 'data-needs': 'manage' },
  );
  const facts = [
    h('span', 'Pipeline ', h('b', pipelineOf(template))),
    h('span', 'Items ', h('b', sourceWords(template))),
  ];
  const { params = {}, ...options } = template.options;
  const rows = [...given(params), ...given(options).filter(([name]) => !['pipeline', 'pipelines'].includes(name))];
  return {
    nodes: [
      detailHeader(template.name, facts, [
        run,
        look,
        edit,
        h('a.btn', { href: `#/new?template=${template.id}`, 'data-needs': 'submit' }, icon('plus'), 'New batch'),
        h(
          'a.btn',
          { href: `#/schedules/new?template=${template.id}`, 'data-needs': 'manage' },
          icon('clock'),
          'Schedule',
        ),
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

/** @type {ScreenFactory} */
export const templatesScreen = masterDetailScreen({
  title: 'Templates',
  path: 'templates',
  create: 'New template',
  listItem: (template) => [template.name, null, pipelineOf(template)],
  form: (tools, template) => (tools.params.get('from') ? fromBatch(tools) : templateForm(tools, template)),
  detail,
  none: () =>
    emptyState(
      'No templates yet',
      'A template creates the same kind of batch again and again. Create one here, or choose “Save as template” on a batch.',
      h('a.btn', { href: '#/templates/new', 'data-needs': 'manage' }, icon('plus'), 'New template'),
    ),
});
