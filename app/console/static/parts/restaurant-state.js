// Where a restaurant stands with its registration.
import { stateLabel } from './states.js';

export const STATES = {
  ready: ['pending', 'Ready'],
  registering: ['processing', 'Registering'],
  live: ['completed', 'Live'],
  failed: ['failed', 'Failed'],
};

export const restaurantState = ({ status }) => stateLabel(...STATES[status]);
