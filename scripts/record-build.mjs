// Runs after `npm run build`, so that `npm start` knows the build for current, also where only production dependencies are.
import { recordBuild } from './prepare.mjs';

recordBuild();
