// `npm run sabotage`: changes the product, one weakness at a time, and requires that the proof of each control fails. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureNpmPackages, entry, root } from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'tools', 'sabotage', 'run.ts'), ...process.argv.slice(2)]
  return spawnSync(node, args, { cwd: root, stdio: 'inherit' }).status ?? 1
})
