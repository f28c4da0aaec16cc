// Runs after `npm run build`: puts the doors together, and notes what was built, so that `npm start` knows the build for current, also where only production dependencies are.
import { join } from 'node:path';

import { makeDoors } from './doors.mjs';
import { recordBuild, root } from './prepare.mjs';

await makeDoors(join(root, 'dist'));
recordBuild();
