export { serveAlone, type ServingOptions } from './serve-alone.js';
export { serveWithWorkers } from './workers.js';
