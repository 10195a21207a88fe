// `npm run bench`: measures the work of a cluster against the figures in bench/figures.ts; results in bench/RESULTS.md. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBundle, ensureNpmPackages, entry, root } from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  ensureBundle(node)
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'bench', 'run.ts'), ...process.argv.slice(2)]
  return spawnSync(node, args, { cwd: root, stdio: 'inherit' }).status ?? 1
})
