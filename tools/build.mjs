// Builds the product into a folder of dist/. `--if-stale` does nothing where dist/ is newer than src/.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundle.ts'
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
    const makers = ['package-lock.json', 'tools/build.mjs', 'tools/bundle.ts'].map(path => join(root, path))
    return built < newest([...files(join(root, 'src')), ...makers])
  } catch (err) {
    if (err.code === 'ENOENT') return true
    throw err
  }
}

if (!process.argv.includes('--if-stale') || stale()) {
  // Built beside and renamed: a failed build leaves the last good one.
  const draft = `${dist}.${process.pid}`
  try {
    await bundle(draft)
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
  publishBuild(draft, dist, runningCommandLines(), Date.now() / 1000)
}
