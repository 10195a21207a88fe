// `npm test`: sets the machine up, then runs unit tests and end-to-end tests. `npm test -- unit` or `-- e2e` runs one part. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  backupPackages,
  clientPackages,
  ensureBundle,
  ensureKubectl133,
  ensureNpmPackages,
  ensureSystemPackages,
  ensureUserNodes,
  entry,
  linkPackages,
  nodePackages,
  proofPackages,
  registryPackages,
  root,
  storePackages,
  testPackages,
  torturePackages,
  volumePackages,
} from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  const args = process.argv.slice(2)
  if (process.getuid?.() === 0) ensureSystemPackages(storePackages)
  if (!args.includes('unit')) {
    ensureSystemPackages(
      process.getuid?.() === 0
        ? [
            ...nodePackages,
            ...linkPackages,
            ...volumePackages,
            ...testPackages,
            ...proofPackages,
            ...registryPackages,
            ...backupPackages,
            ...clientPackages,
            ...torturePackages,
          ]
        : testPackages,
    )
    ensureBundle(node)
  }
  const kubectl133 = args.includes('unit') ? undefined : ensureKubectl133()
  const userNodes = args.includes('unit') ? undefined : ensureUserNodes()
  const env = { ...process.env, ...(kubectl133 && { KUBECTL_133: kubectl133 }), ...(userNodes && { USER_NODES: userNodes }) }
  return spawnSync(node, [join(root, 'tools', 'run-tests.ts'), ...args], { cwd: root, stdio: 'inherit', env }).status ?? 1
})
