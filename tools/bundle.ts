// Bundles the command line, the library, the worker threads and what is loaded late into a folder.
import { globSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')

/**
 * What packages load at once and nothing of ours calls: Prometheus' push gateway, default metrics and sums over a cluster of processes bring
 * HTTPS clients and an API for traces, pino's transports a thread. Each part would keep them in memory.
 */
const withoutUnused: Plugin = {
  name: 'without-unused',
  setup({ onResolve, onLoad }) {
    const unused = [
      { importer: /\/prom-client\/index\.js$/, path: /^\.\/lib\/(?:cluster|defaultMetrics|pushgateway)$/ },
      { importer: /\/pino\/(?:pino|lib\/tools)\.js$/, path: /^\.\/(?:lib\/)?transport$/ },
    ]
    onResolve({ filter: /^\.\// }, ({ importer, path }) =>
      unused.some(row => row.importer.test(importer) && row.path.test(path)) ? { path, namespace: 'unused' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: '' }))
  },
}

export async function bundle(folder: string, plugins: readonly Plugin[] = []): Promise<void> {
  const separate = globSync('src/**/*-{worker,late}.ts', { cwd: root }).map(path => join(root, path))
  await build({
    entryPoints: [
      { in: join(root, 'src/cli/main.ts'), out: 'cli' },
      { in: join(root, 'src/index.ts'), out: 'index' },
      // Workers, and what is loaded late by require(), keep their names beside the chunks, where `import.meta.url` leads to them.
      ...separate.map(path => ({ in: path, out: basename(path, '.ts') })),
    ],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    // The library and the commands that need no cluster run on Node 22 as it comes.
    target: 'node22',
    inject: [join(root, 'src/base/async/async-disposable-stack.ts')],
    mainFields: ['module', 'main'],
    plugins: [withoutUnused, ...plugins],
    // Each part keeps the text of what it loads in memory; names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    chunkNames: '[name]-[hash]',
    // CommonJS packages inside the bundle still call require() for Node's own modules.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  }) // A copy of the build elsewhere must still be read as ES modules.
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n')
}
