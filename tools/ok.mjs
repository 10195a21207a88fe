// `npm run ok`: format, lint, types, layers, unit tests; what every commit passes. Stops at the first that fails.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureNpmPackages, entry, root } from './packages.mjs'

await entry(() => {
  const node = ensureNpmPackages()
  const bin = name => join(root, 'node_modules', '.bin', name)
  const steps = [
    ['format and lint', bin('biome'), ['check', '--error-on-warnings']],
    ['types', bin('tsc'), ['--noEmit']],
    ['promises', bin('oxlint'), ['--type-aware', '-c', '.oxlintrc.json', 'src', 'tools', 'bench']],
    ['layers', node, ['tools/check-layers.ts']],
    ['unit tests', node, ['tools/run-tests.ts', 'unit']],
  ]
  for (const [name, command, args] of steps) {
    const began = performance.now()
    const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
    console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
    if (status !== 0) return 1
  }
  return 0
})
