import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

const plugins = [swc.vite({ module: { type: 'es6' } })];

/** Files of the integration tests that are not to run this time, as patterns with colons between them (.ci/run). */
const LEFT_OUT = process.env.SNAP_STORE_TEST_EXCLUDE?.split(':') ?? [];

/** End to end down to a real device, and so in need of what the device suite needs. */
const JOURNEY = ['test/e2e/journey/**/*.spec.ts'];

/**
 * Three tiers. `unit` sits beside the code and needs nothing. `integration` runs the built program or its modules on
 * PostgreSQL: the embedded one, or the server that SNAP_STORE_TEST_DATABASE names. `device` needs root and a real snapd.
 */
export default defineConfig({
  plugins,
  test: {
    projects: [
      {
        plugins,
        test: { name: 'unit', include: ['src/**/*.spec.ts', 'test/support/**/*.spec.ts'], testTimeout: 30_000 },
      },
      {
        plugins,
        test: {
          name: 'integration',
          include: ['test/{integration,e2e,faults,fuzz}/**/*.spec.ts'],
          exclude: [...JOURNEY, ...LEFT_OUT],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        plugins,
        test: {
          name: 'device',
          include: ['test/device/**/*.spec.ts', ...JOURNEY],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
