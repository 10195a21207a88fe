import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { publishBuild, runningCommandLines } from './publish-build.ts'

/** A dist/ and a function that publishes builds there; parts run from a build's folder. */
function builds(t: { after(run: () => void): void }) {
  const home = mkdtempSync(join(tmpdir(), 'bulkhead-build-'))
  t.after(() => rmSync(home, { recursive: true }))
  const dist = join(home, 'dist')
  let now = 1000
  return {
    dist,
    async publish(version: string, commandLines: readonly string[] = []): Promise<string> {
      const draft = join(home, 'draft')
      mkdirSync(draft)
      writeFileSync(join(draft, 'package.json'), '{"type":"module"}\n')
      writeFileSync(join(draft, 'index.js'), `export const version = '${version}'; export const folder = import.meta.dirname\n`)
      writeFileSync(join(draft, 'cli.js'), 'setInterval(() => undefined, 1000)\n')
      publishBuild(draft, dist, commandLines, now++)
      const built = await import(`${join(dist, 'index.js')}?${now}`)
      assert.equal(built.version, version)
      return built.folder
    },
  }
}

test('publishBuild() leads to the newest build, and keeps the last three', async t => {
  const { dist, publish } = builds(t)
  const first = await publish('1')
  const second = await publish('2')
  await publish('3')
  assert.ok(existsSync(first))
  const fourth = await publish('4')
  assert.deepEqual([existsSync(first), existsSync(second), existsSync(fourth)], [false, true, true])
  assert.equal(await publish('4'), fourth)
  assert.ok(existsSync(second))
  assert.equal(await publish('2'), second)
  assert.equal(readdirSync(dist).length, 6)
})

test('publishBuild() keeps the build of a running process, and nothing else', async t => {
  const { dist, publish } = builds(t)
  const first = await publish('1')
  mkdirSync(join(dist, 'types'))
  const child = spawn(process.execPath, [join(first, 'cli.js')])
  await once(child, 'spawn')
  for (const version of ['2', '3', '4', '5']) await publish(version, runningCommandLines())
  assert.deepEqual([existsSync(first), existsSync(join(dist, 'types'))], [true, false])
  child.kill('SIGKILL')
  await once(child, 'exit')
  await publish('6', runningCommandLines())
  assert.ok(!existsSync(first))
})
