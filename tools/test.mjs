// `npm test`: sets the machine up, then runs unit tests and end-to-end tests. `npm test -- unit` or `-- e2e` runs one part. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  clientPackages,
  ensureBundle,
  ensureNpmPackages,
  ensureSystemPackages,
  entry,
  nodePackages,
  registryPackages,
  root,
  testPackages,
} from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  const args = process.argv.slice(2)
  if (!args.includes('unit')) {
    ensureSystemPackages(
      process.getuid?.() === 0 ? [...nodePackages, ...testPackages, ...registryPackages, ...clientPackages] : testPackages,
    )
    ensureBundle(node)
  }
  return spawnSync(node, [join(root, 'tools', 'run-tests.ts'), ...args], { cwd: root, stdio: 'inherit' }).status ?? 1
})
