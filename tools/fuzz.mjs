// `npm run fuzz -- [target] [--iterations N] [--seed S]`: see tools/fuzz.ts. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureNpmPackages, entry, root } from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  return spawnSync(node, [join(root, 'tools', 'fuzz.ts'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1
})
