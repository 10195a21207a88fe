// `npm run torture -- [--seed S] [--minutes M] [--store sqlite|etcd]`: see test/torture/torture.ts. Runs on Node 20.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBundle, ensureNpmPackages, ensureSystemPackages, entry, root, storePackages, torturePackages } from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  if (process.getuid?.() === 0) ensureSystemPackages([...storePackages, ...torturePackages])
  ensureBundle(node)
  return (
    spawnSync(node, [join(root, 'test', 'torture', 'torture.ts'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1
  )
})
