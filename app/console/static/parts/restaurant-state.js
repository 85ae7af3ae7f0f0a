// Where a restaurant stands with its registration.
import { stateLabel } from './states.js';

/** @import { Restaurant } from '../../api.d.ts' */
/** @import { Label } from '../../types.d.ts' */

/** @type {Record<Restaurant['status'], Label>} */
export const STATES = {
  ready: ['pending', 'Ready'],
  registering: ['processing', 'Registering'],
  live: ['completed', 'Live'],
  failed: ['failed', 'Failed'],
};

/** @param {Restaurant} restaurant */
export const restaurantState = ({ status }) => stateLabel(...STATES[status]);
