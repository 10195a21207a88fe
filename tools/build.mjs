// Bundles the command line, the library, the worker threads and what is loaded late into a folder of dist/. `--if-stale` does nothing where dist/ is newer than src/.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './packages.mjs'
import { publishBuild, runningCommandLines } from './publish-build.ts'

const dist = join(root, 'dist')
const files = directory =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
const newest = paths => Math.max(...paths.map(path => statSync(path).mtimeMs))

function stale() {
  try {
    const built = statSync(join(dist, 'cli.js')).mtimeMs
    return built < newest([...files(join(root, 'src')), join(root, 'package-lock.json'), join(root, 'tools', 'build.mjs')])
  } catch (err) {
    if (err.code === 'ENOENT') return true
    throw err
  }
}

/**
 * What packages load at once and nothing of ours calls: Prometheus' push gateway, default metrics and sums over a cluster of processes bring
 * HTTPS clients and an API for traces, pino's transports a thread. Each part would keep them in memory.
 */
const withoutUnused = {
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

if (!process.argv.includes('--if-stale') || stale()) {
  const separate = files(join(root, 'src')).filter(path => /-(?:worker|late)\.ts$/.test(path))
  // Built beside and renamed: a failed build leaves the last good one.
  const draft = `${dist}.${process.pid}`
  try {
    await build({
      entryPoints: [
        { in: join(root, 'src/cli/main.ts'), out: 'cli' },
        { in: join(root, 'src/index.ts'), out: 'index' },
        // Workers, and what is loaded late by require(), keep their names beside the chunks, where `import.meta.url` leads to them.
        ...separate.map(path => ({ in: path, out: path.split('/').at(-1).replace(/\.ts$/, '') })),
      ],
      outdir: draft,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      // The library and the commands that need no cluster run on Node 22 as it comes.
      target: 'node22',
      inject: [join(root, 'src/base/async/async-disposable-stack.ts')],
      mainFields: ['module', 'main'],
      plugins: [withoutUnused],
      // Each part keeps the text of what it loads in memory; names stay, for stack traces.
      minifyWhitespace: true,
      minifySyntax: true,
      sourcemap: 'linked',
      legalComments: 'none',
      logLevel: 'warning',
      chunkNames: '[name]-[hash]',
      // CommonJS packages inside the bundle still call require() for Node's own modules.
      banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    })
  } catch (err) {
    rmSync(draft, { recursive: true, force: true })
    throw err
  }
  // The texts of `kubectl explain` lie beside the chunk that serves them.
  const texts = spawnSync(process.execPath, [join(root, 'tools/generate/generate-descriptions.ts'), join(draft, 'descriptions.json')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (texts.status !== 0) {
    rmSync(draft, { recursive: true, force: true })
    throw new Error('Cannot generate the descriptions', { cause: texts.error })
  }
  // A copy of the build elsewhere must still be read as ES modules.
  writeFileSync(join(draft, 'package.json'), '{"type":"module"}\n')
  publishBuild(draft, dist, runningCommandLines(), Date.now() / 1000)
}
