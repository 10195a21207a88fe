import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeAtomically } from './atomic-writer.ts'
import { openBelow, SubPathError } from './sub-path.ts'

async function volume(): Promise<{ root: string; outside: string }> {
  const base = await mkdtemp(join(tmpdir(), 'subpath-'))
  await mkdir(join(base, 'root'))
  await mkdir(join(base, 'outside'))
  await writeFile(join(base, 'outside', 'secret'), 'host')
  return { root: join(base, 'root'), outside: join(base, 'outside') }
}

const namesIn = async (root: string, path: string, mode = 0o750) => {
  const handle = await openBelow(root, path, mode)
  try {
    return await readdir(`/proc/self/fd/${handle.fd}`)
  } finally {
    await handle.close()
  }
}

test('openBelow() opens existing folders and creates missing ones with the given mode', async () => {
  const { root } = await volume()
  await mkdir(join(root, 'a'))
  await writeFile(join(root, 'a', 'f'), '')
  assert.deepEqual(await namesIn(root, 'a'), ['f'])
  assert.deepEqual(await namesIn(root, 'new/deep'), [])
  assert.equal((await stat(join(root, 'new/deep'))).mode & 0o777, 0o750)
  await namesIn(root, 'open/wide', 0o2777)
  for (const name of ['open', 'open/wide']) assert.equal((await stat(join(root, name))).mode & 0o7777, 0o2777, 'whatever the umask is')
})

test('CVE-2017-1002101: openBelow() refuses a symbolic link that leads outside, at every component of the path', async () => {
  const { root, outside } = await volume()
  await symlink(outside, join(root, 'x'))
  await mkdir(join(root, 'd'))
  await symlink('/', join(root, 'd', 'y'))
  await symlink('../../outside', join(root, 'd', 'up'))
  await symlink('../../root', join(root, 'd', 'around'))
  await symlink('d/up', join(root, 'chain'))
  await symlink(root, join(root, 'absolute'))
  await symlink('loop', join(root, 'loop'))
  const paths = ['x', 'x/secret', 'd/y', 'd/y/etc', 'd/up', 'd/up/secret', 'd/around', 'chain/secret', 'absolute', 'loop']
  for (const path of paths) await assert.rejects(openBelow(root, path, 0o755), SubPathError, path)
})

test('openBelow() follows symbolic links within the volume, as those of a ConfigMap, and never creates the target of a link', async () => {
  const { root } = await volume()
  await writeAtomically(root, new Map([['dir/key', { content: Buffer.from('value'), mode: 0o644 }]]), undefined)
  assert.deepEqual(await namesIn(root, 'dir'), ['key'])
  const file = await openBelow(root, 'dir/key', 0o750)
  assert.equal((await file.stat()).isFile(), true)
  await file.close()
  await mkdir(join(root, 'a', 'b'), { recursive: true })
  await symlink('../../dir', join(root, 'a', 'b', 'back'))
  assert.deepEqual(await namesIn(root, 'a/b/back'), ['key'])
  await symlink('a/b', join(root, 'to'))
  assert.deepEqual(await namesIn(root, 'to/new'), [])
  assert.equal((await stat(join(root, 'a', 'b', 'new'))).isDirectory(), true)
  await symlink('nowhere', join(root, 'dangling'))
  await assert.rejects(openBelow(root, 'dangling', 0o755), { code: 'ENOENT' })
  await assert.rejects(stat(join(root, 'nowhere')), { code: 'ENOENT' })
})

test('openBelow() refuses absolute paths and ".."', async () => {
  const { root } = await volume()
  for (const path of ['/etc', '..', '../outside', 'a/../../outside']) await assert.rejects(openBelow(root, path, 0o755), SubPathError, path)
})

test('CVE-2021-25741: openBelow() never leads outside while a folder is swapped with a link', async () => {
  const { root, outside } = await volume()
  const place = join(root, 'swap')
  await mkdir(place)
  let stop = false
  const swapping = (async () => {
    while (!stop) {
      // openBelow() may have created a folder between two steps: replace it with the link.
      await rm(place, { recursive: true, force: true })
      await symlink(outside, place).catch(() => undefined)
      await rm(place, { recursive: true, force: true })
      await mkdir(place).catch(() => undefined)
    }
  })()
  let opened = 0
  try {
    for (let i = 0; i < 300; i++) {
      const names: string[] = await namesIn(root, 'swap').catch((err: unknown) => {
        if (err instanceof SubPathError || (err instanceof Error && 'code' in err)) return []
        throw err
      })
      assert.ok(!names.includes('secret'))
      opened++
    }
  } finally {
    stop = true
    await swapping
  }
  assert.equal(opened, 300)
})
