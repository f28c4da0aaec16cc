// Dependencies point one way: kernel <- formats, platform <- modules <- doors. The list of arrows between feature
// modules is the architecture; adding one is a decision and belongs into the README beside its reason.
const arrows = {
  keys: [],
  assertions: ['keys'],
  blobs: [],
  'airgap-policy': ['access'],
  access: [],
  registration: ['keys', 'assertions', 'airgap-policy', 'https', 'snap-import'],
  https: [],
  'client-setup': ['https', 'registration'],
  catalog: ['assertions', 'blobs', 'airgap-policy'],
  'snap-import': ['catalog', 'assertions', 'blobs', 'airgap-policy'],
  repairs: ['assertions'],
  'validation-sets': ['assertions', 'catalog', 'keys'],
  integrity: ['assertions', 'blobs', 'catalog', 'snap-import'],
  devices: ['assertions', 'catalog', 'model-service'],
  'model-service': ['assertions', 'keys', 'airgap-policy'],
  upstream: ['airgap-policy', 'assertions', 'registration', 'keys'],
  'snap-fetch': ['upstream', 'keys', 'airgap-policy', 'assertions'],
  'snap-export': ['catalog', 'assertions', 'blobs', 'keys', 'snap-import'],
};

const moduleRules = Object.entries(arrows).map(([name, allowed]) => ({
  name: `modules-${name}`,
  comment: `${name} may only use kernel, formats, platform and the index.ts or offline.ts of: ${allowed.join(', ') || 'no other module'}`,
  severity: 'error',
  from: { path: `^src/modules/${name}/` },
  to: {
    path: '^src/(modules|observability|console|cli|main\\.ts|app\\.module\\.ts|snap-store\\.module\\.ts|entities\\.ts)',
    pathNot: [`^src/modules/${name}/`, ...allowed.map((other) => `^src/modules/${other}/(index|offline)\\.ts$`)],
  },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^src/(main|cli|index|entities)\\.ts$', '\\.spec\\.ts$'] },
      to: {},
    },
    { name: 'kernel-is-pure', severity: 'error', from: { path: '^src/kernel/' }, to: { path: '^src/(?!kernel/)' } },
    {
      name: 'formats-are-pure',
      severity: 'error',
      from: { path: '^src/formats/' },
      to: { path: '^src/(?!kernel/|formats/)' },
    },
    {
      name: 'pure-code-knows-no-framework',
      severity: 'error',
      from: { path: '^src/(kernel|formats)/' },
      to: { path: 'node_modules/(@nestjs|typeorm|pg|express|rxjs)' },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(?!kernel/|platform/)' },
    },
    {
      name: 'doors-are-imported-by-nobody',
      severity: 'error',
      from: { path: '^src/(?!cli|main\\.ts|cli\\.ts)' },
      to: { path: '^src/(cli/|main\\.ts|cli\\.ts)' },
    },
    {
      name: 'observability-is-for-the-doors',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(observability|cli)/|^src/server(\\.module)?\\.ts$' },
      to: { path: '^src/observability/' },
    },
    {
      name: 'observability-has-one-face',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/observability/' },
      to: { path: '^src/observability/', pathNot: '^src/observability/index\\.ts$' },
    },
    {
      name: 'modules-have-one-face',
      comment:
        'Outside code reaches a module through its index.ts only, or through offline.ts, its face for commands that must not ' +
        'load the framework; entities.ts, the list of all tables, is the exception.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/modules/', '^src/entities\\.ts$'] },
      to: { path: '^src/modules/[^/]+/', pathNot: '^src/modules/[^/]+/(index|offline)\\.ts$' },
    },
    {
      name: 'controllers-know-no-repository',
      severity: 'error',
      from: { path: '^src/modules/[^/]+/http/' },
      to: { path: '\\.(repository|entity)\\.ts$' },
    },
    { name: 'services-know-no-dto', severity: 'error', from: { path: '\\.service\\.ts$' }, to: { path: '/dto/' } },
    {
      name: 'only-upstream-calls-out',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/modules/upstream/', '\\.spec\\.ts$', '^src/modules/blobs/s3/', '^src/platform/egress/'],
      },
      to: { path: '^(undici|node:http2|http2|https|node:https|dgram|node:dgram)$' },
    },
    {
      name: 'only-doors-install-the-guard',
      comment: 'Importing it guards the whole process, which a library must not do to its host.',
      severity: 'error',
      from: { pathNot: '^src/(cli|main)\\.ts$' },
      to: { path: '^src/platform/egress/install\\.ts$' },
    },
    {
      name: 'the-guard-loads-nothing',
      comment: 'Whatever is loaded before the guard is in place could take an unguarded function aside.',
      severity: 'error',
      from: { path: '^src/platform/egress/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^(src|node_modules)/',
        pathNot:
          '^src/(platform/egress/|platform/config/(data-dir|environment)\\.ts|platform/program-root\\.ts|kernel/store-error\\.ts)',
      },
    },
    {
      name: 'no-dev-dependency-in-production',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    ...moduleRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
};
