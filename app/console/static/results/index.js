// Chooses how the result of a job is shown: pipelines may have a view of their own, all others get the JSON view.
import * as dataReport from './data-report.js';
import * as images from './images.js';
import * as json from './json.js';
import * as pdfExtraction from './pdf-extraction.js';
import * as registration from './registration.js';

const VIEWS = {
  'pdf-extraction': pdfExtraction,
  'data-report': dataReport,
  'web-images': images,
  'contact-sheet': images,
  originals: images,
  'restaurant-registration': registration,
};

/** One short sentence for the job's row, or null. */
export function summaryOf(pipelineKey, result) {
  return result ? ((VIEWS[pipelineKey] ?? json).summary(result) ?? null) : null;
}

/** A node that shows the whole result of a job, with its files. A result that a view cannot read is shown as JSON. */
export function resultView(pipelineKey, job) {
  try {
    return (VIEWS[pipelineKey] ?? json).view(job.result, job);
  } catch {
    return json.view(job.result);
  }
}
