import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { listTar } from '../../supply-chain/oci/tar/list-tar.ts'
import { writeTar } from '../../supply-chain/oci/tar/write-tar.ts'
import { checkArchive, maxDescriptionLength, maxEntries } from './import-image.ts'
import { buildImage } from './oci-image.ts'

const content = {
  name: 'r.example/a:1',
  architecture: 'amd64',
  user: '1',
  files: [{ path: 'f', mode: 0o644, content: Buffer.from('x') }],
} as const
const reader = (bytes: Buffer) => async (offset: number, length: number) => bytes.subarray(offset, offset + length)

test('buildImage() is reproducible and an OCI layout', async () => {
  const image = buildImage(content)
  assert.deepEqual(buildImage(content), image)
  assert.match(image.digest, /^sha256:[0-9a-f]{64}$/)
  const names: string[] = []
  for await (const { path } of listTar(reader(image.archive))) names.push(path)
  assert.ok(names.includes('oci-layout') && names.includes('index.json'))
  assert.equal(names.filter(name => /^blobs\/sha256\/.{64}$/.test(name)).length, 3)
})

const json = (path: string, text: string) => ({ path, mode: 0o644, content: Buffer.from(text) })
const index = (name: string) => `{"manifests":[{"annotations":{"io.containerd.image.name":"${name}"}}]}`
const layout = json('oci-layout', '{}')
const pax = (...records: string[]) => {
  const sized = records.map(record => {
    const rest = ` ${record}\n`.length
    return `${rest + String(rest + 2).length} ${record}\n`
  })
  return { path: 'pax', mode: 0o644, type: 'x', content: Buffer.from(sized.join('')) }
}

/** With size 0 in the header of `index.json`. */
function withoutSize(archive: Buffer): Buffer {
  const header = archive.subarray(archive.indexOf('index.json\0'))
  header.write('00000000000\0', 124)
  header.fill(' ', 148, 156)
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return archive
}

async function fileOf(bytes: Buffer): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'archive-')), 'image.tar')
  await writeFile(file, bytes)
  return file
}

test('checkArchive() distinguishes OCI from Docker archives', async () => {
  assert.equal((await checkArchive(await fileOf(buildImage(content).archive))).kind, 'oci')
  assert.equal((await checkArchive(await fileOf(writeTar([json('manifest.json', '[]')])))).kind, 'docker')
})

const bad: [string, Buffer, RegExp][] = [
  ['an empty file', Buffer.alloc(0), /it is not a tar archive/],
  ['text', Buffer.alloc(2000, 'x'), /it is not a tar archive/],
  ['a compressed archive', gzipSync(buildImage(content).archive), /it is compressed, unpack it with gunzip first/],
  ['another tar', writeTar([{ path: 'x', mode: 0o644 }]), /neither an OCI archive .* nor a Docker archive/],
  [
    "the node's pause image",
    writeTar([layout, json('index.json', index('bulkhead.local/pause:1'))]),
    /names "bulkhead.local\/pause:1", an image of the node/,
  ],
  ["the node's busybox by another tag", writeTar([layout, json('index.json', index('bulkhead.local/busybox'))]), /an image of the node/],
  [
    'it in the manifest of Docker',
    writeTar([json('manifest.json', '[{"RepoTags":["a:1","bulkhead.local/pause:1"]}]')]),
    /an image of the node/,
  ],
  ['it with escaped letters', writeTar([layout, json('index.json', index('bulkhead.local/p\\u0061use:1'))]), /an image of the node/],
  [
    'it in a member that comes twice',
    writeTar([layout, json('index.json', `{"MANIFESTS":${index('bulkhead.local/pause:1').slice(13, -1)},"MANIFESTS":[]}`)]),
    /an image of the node/,
  ],
  ['it under a winding path', writeTar([layout, json('x/.././index.json', index('bulkhead.local/pause:1'))]), /an image of the node/],
  [
    'it under a name in an extended header',
    writeTar([layout, pax('mtime=1', 'path=index.json'), json('other', index('bulkhead.local/pause:1'))]),
    /an image of the node/,
  ],
  [
    'it under a long name of GNU',
    writeTar([layout, { ...json('long', 'index.json\u0000'), type: 'L' }, json('other', index('bulkhead.local/pause:1'))]),
    /an image of the node/,
  ],
  [
    'it in a file whose size only an extended header tells',
    withoutSize(
      writeTar([layout, pax(`size=${index('bulkhead.local/pause:1').length}`), json('index.json', index('bulkhead.local/pause:1'))]),
    ),
    /an image of the node/,
  ],
  [
    'a malformed extended header',
    writeTar([{ path: 'pax', mode: 0o644, type: 'x', content: Buffer.from('99 path=a\n') }]),
    /malformed extended header/,
  ],
  ['more entries than an image has', writeTar(Array.from({ length: maxEntries + 1 }, () => layout)), /more than 10000 entries/],
  [
    'a description that is too large',
    writeTar([layout, json('index.json', ' '.repeat(maxDescriptionLength + 1))]),
    /its index.json is larger than 4 MiB/,
  ],
]
for (const [name, bytes, want] of bad) {
  test(`checkArchive() refuses ${name}`, async () => {
    const file = await fileOf(bytes)
    await assert.rejects(checkArchive(file), (err: unknown) => err instanceof Error && want.test(err.message) && err.message.includes(file))
  })
}

test("checkArchive() accepts the node's own images from the node itself, and names that look similar", async () => {
  const own = await fileOf(writeTar([layout, json('index.json', index('bulkhead.local/pause:1'))]))
  assert.equal((await checkArchive(own, { isOwn: true })).kind, 'oci')
  for (const name of ['bulkhead.local/workload:1', 'bulkhead.local/pause-x:1', 'registry.example/bulkhead.local/pause:1'])
    assert.equal((await checkArchive(await fileOf(writeTar([layout, json('index.json', index(name))])))).kind, 'oci')
})

test('checkArchive() refuses what is not a regular file', async () => {
  await assert.rejects(checkArchive('/dev/zero'), /it is not a regular file/)
})

test('checkArchive() refuses a missing file', async () => {
  await assert.rejects(checkArchive('/nonexistent/x.tar'), /Cannot import image "\/nonexistent\/x\.tar": the file cannot be read/)
})
