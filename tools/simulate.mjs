// `npm run simulate -- [--seed S] [--hours H] [--quiet]`: see test/simulation/simulate.ts. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureNpmPackages, entry, root } from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  const script = join(root, 'test', 'simulation', 'simulate.ts')
  return spawnSync(node, [script, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1
})
