import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Machine } from '../../assess/attacks/supply-chain/changed-dependencies.ts'
import { UserError } from '../../base/user-error.ts'

test('readEnvironment() records tools, sources, lockfile and dependencies, compared with their archives', async () => {
  await using machine = await Machine.create()
  const { tools, lockfiles, sources, dependencies, changed, commit, modified } = await machine.read()
  assert.match(tools.find(({ name }) => name === 'node')?.sha256 ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(
    [lockfiles.map(({ path }) => path), sources.files?.map(({ path }) => path), commit, modified, changed],
    [['package-lock.json'], ['main.js', 'package-lock.json'], undefined, [], []],
  )
  assert.deepEqual(
    dependencies.map(({ path, version, verified }) => [path, version, verified]),
    [['node_modules/left', '1.0.0', 'lockfile']],
  )
})

test('readEnvironment() names changed, missing and further files of dependencies', async () => {
  await using machine = await Machine.create()
  await machine.flip('tree/node_modules/left/index.js')
  unlinkSync(join(machine.folder, 'tree/node_modules/left/package.json'))
  await machine.write('tree/node_modules/left/late.cjs', '')
  await machine.write('tree/node_modules/left/.cache/notes.txt', '')
  assert.deepEqual((await machine.read()).changed, [
    '"node_modules/left/package.json" is missing',
    '"node_modules/left/index.js" has other bytes than its archive',
    '"node_modules/left/late.cjs" is not in its archive',
  ])
})

test('readEnvironment() says of a dependency whose archive is not in the cache that it was not compared', async () => {
  await using machine = await Machine.create()
  rmSync(join(machine.folder, 'npm'), { recursive: true })
  const { dependencies, changed } = await machine.read()
  assert.deepEqual([dependencies[0]?.verified, changed], ['none', []])
})

test('readEnvironment() refuses an archive in the cache that is not what its digest says', async () => {
  await using machine = await Machine.create()
  const [archive = ''] = execFileSync('find', [join(machine.folder, 'npm'), '-type', 'f'], { encoding: 'utf8' }).split('\n')
  await machine.flip(archive.slice(machine.folder.length + 1))
  await assert.rejects(machine.read(), (err: unknown) => err instanceof UserError && /in npm's cache was changed/.test(err.message))
})

test('readEnvironment() records the commit and what is changed since, and runs no program of the working tree', async () => {
  await using machine = await Machine.create()
  const tree = join(machine.folder, 'tree')
  const git = (...words: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], { cwd: tree })
  git('init', '-q')
  git('add', 'main.js', 'package-lock.json')
  git('commit', '-qm', 'first')
  await machine.write('ran.sh', `#!/bin/sh\ntouch ${join(machine.folder, 'ran')}\n`)
  git('config', 'core.fsmonitor', `sh ${join(machine.folder, 'ran.sh')}`)
  await machine.flip('tree/main.js')
  const { commit, modified } = await machine.read()
  assert.match(commit ?? '', /^[0-9a-f]{40}$/)
  assert.deepEqual(modified, ['main.js'])
  assert.throws(() => execFileSync('ls', [join(machine.folder, 'ran')], { stdio: 'ignore' }))
})
