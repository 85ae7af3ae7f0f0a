// Batches to be made again: what each is made of, running one, and looking first at what would be in it.
import { get, post, remove } from '../api.js';
import { button, h, icon } from '../dom.js';
import { actButton, ask, toast } from '../parts/floats.js';
import { empty } from '../parts/page.js';
import { detailHead, field, plainForm, railScreen, sentenceOf } from '../parts/rail.js';
import { schemaForm } from '../parts/schema-form.js';
import { go } from '../router.js';
import { many } from '../words.js';

const pipelineOf = ({ options }) => options.pipeline ?? options.pipelines?.join(', ') ?? '';
const isEmpty = (value) => value === null || value === '' || (typeof value === 'object' && !Object.keys(value).length);
const given = (members) => Object.entries(members ?? {}).filter(([, value]) => !isEmpty(value));

function wordsOf([name, value]) {
  if (name === 'failure_policy') return `${value.action}${value.threshold == null ? '' : ` past ${value.threshold * 100}%`}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function sourceWords({ type, items = [], tag, source, filter }) {
  if (type === 'files') return `files tagged “${tag}”`;
  if (type === 'rows') return `${source}: ${given(filter).map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`).join(', ') || 'all'}`;
  return items.length ? `the same ${many(items.length, 'item')}` : 'nothing of its own: a run brings items';
}

// ---- one template

function detail(template, { again }) {
  const path = `/api/templates/${template.id}`;
  const preview = h('section.stack.tight', { role: 'status' });
  const run = actButton('Run now', 'play', async () => {
    try {
      go(`#/batches/${(await post(`${path}/run`, {})).batch_id}`);
    } catch (error) {
      toast(sentenceOf(error));
    }
  }, { class: 'btn primary' });
  const look = actButton('What would be in it', 'search', async () => {
    try {
      const { jobs_count: jobs, items } = await post(`${path}/run`, { dry_run: true });
      const rest = jobs - items.length;
      preview.replaceChildren(h('h3', jobs ? `${many(jobs, 'job')}, now` : 'Nothing, now'),
        h('ol.numbered', items.map(({ name, source_type: type }) => h('li', name ?? type))),
        rest > 0 ? h('p.dim', `and ${rest.toLocaleString('en')} more`) : '');
    } catch (error) {
      preview.replaceChildren(h('p.error', sentenceOf(error)));
    }
  });
  const drop = button('Delete…', 'trash', async () => {
    if (!(await ask(`Delete “${template.name}”?`, 'Its schedules go with it. The batches it made stay.', 'Delete template'))) return;
    try {
      await remove(path);
      toast(`${template.name} deleted`);
      go('#/templates');
      again();
    } catch (error) {
      toast(error.message);
    }
  }, { class: 'btn danger' });
  const facts = [h('span', 'Pipeline ', h('b', pipelineOf(template))), h('span', 'Takes ', h('b', sourceWords(template.source)))];
  const { params = {}, ...options } = template.options;
  const rows = [...given(params), ...given(options).filter(([name]) => !['pipeline', 'pipelines'].includes(name))];
  return {
    nodes: [
      detailHead(template.name, facts, [run, look,
        h('a.btn', { href: `#/new?template=${template.id}` }, icon('plus'), 'New batch from it'),
        h('a.btn', { href: `#/schedules/new?template=${template.id}` }, icon('clock'), 'Schedule'), drop]),
      template.description ? h('p.lede', template.description) : '',
      rows.length ? h('dl.facts-list.narrow', rows.flatMap((row) =>
        [h('dt', row[0].replaceAll('_', ' ')), h('dd', wordsOf(row))])) : '',
      preview,
    ].filter(Boolean),
  };
}

// ---- a new one

function fromBatch(batchId) {
  const name = h('input.input', { maxlength: 200, autocomplete: 'off' });
  get(`/api/batches/${batchId}`).then(({ batch }) => { name.value ||= batch.name; }, () => {});
  return plainForm([
    h('p.lede', 'Takes the pipeline, the parameters, the options and the items of that batch.'),
    field('template-name', 'Name', name),
  ], 'Save template', async () => {
    const made = await post('/api/templates', { name: name.value.trim(), from_batch: batchId });
    go(`#/templates/${made.id}`);
  });
}

function sourceFields(sources) {
  const kinds = [['items', 'nothing: each run brings its own'], ['files', 'the files with a tag'],
    ...sources.map(({ key, title }) => [`rows:${key}`, title])];
  const kind = h('select.input', kinds.map(([value, label]) => h('option', { value }, label)));
  const tag = h('input.input', { maxlength: 100, autocomplete: 'off' });
  const tagField = field('template-tag', 'Tag', tag);
  const filter = h('div.params');
  let form = null;
  const draw = () => {
    const source = sources.find(({ key }) => kind.value === `rows:${key}`);
    tagField.hidden = kind.value !== 'files';
    filter.hidden = !source;
    form = source ? schemaForm(filter, source.filter_schema) : null;
  };
  kind.addEventListener('change', draw);
  draw();
  return {
    nodes: [field('template-source', 'Takes', kind), tagField, filter],
    read() {
      if (kind.value === 'files') return { type: 'files', tag: tag.value.trim() };
      if (form) return { type: 'rows', source: kind.value.slice(5), filter: form.read() ?? {} };
      return { type: 'items', items: [] };
    },
  };
}

function written() {
  const name = h('input.input', { maxlength: 200, autocomplete: 'off' });
  const pipeline = h('select.input');
  const params = h('div.params');
  const box = h('div.stack');
  Promise.all([get('/api/pipelines'), get('/api/item-sources')]).then(([{ pipelines }, { item_sources: sources }]) => {
    let form = null;
    const source = sourceFields(sources);
    const draw = () => {
      form = schemaForm(params, pipelines.find(({ key }) => key === pipeline.value).params_schema);
    };
    pipeline.append(...pipelines.map(({ key, title }) => h('option', { value: key }, title)));
    pipeline.addEventListener('change', draw);
    draw();
    box.append(plainForm([field('template-name', 'Name', name), field('template-pipeline', 'Pipeline', pipeline), params,
      ...source.nodes], 'Save template', async () => {
      const values = form.read();
      if (!values) return;
      const options = { pipeline: pipeline.value, params: values };
      const made = await post('/api/templates', { name: name.value.trim(), options, source: source.read() });
      go(`#/templates/${made.id}`);
    }));
  }, (error) => box.append(h('p.error', error.message)));
  return box;
}

export const templatesScreen = railScreen({
  title: 'Templates',
  path: 'templates',
  create: 'New template',
  load: async () => (await get('/api/templates', { limit: 200 })).templates,
  look: (template) => [template.name, null, pipelineOf(template)],
  form: ({ params }) => (params.get('from') ? fromBatch(params.get('from')) : written()),
  detail,
  none: () => empty('No templates yet', 'A template makes the same kind of batch again. Write one here, or choose “Save as template” on a batch.',
    h('a.btn', { href: '#/templates/new' }, icon('plus'), 'New template')),
});
