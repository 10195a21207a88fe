import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { checkArchive } from './import-image.ts'
import { buildImage } from './oci-image.ts'
import { listTar, writeTar } from './tar.ts'

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

async function fileOf(bytes: Buffer): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'archive-')), 'image.tar')
  await writeFile(file, bytes)
  return file
}

test('checkArchive() tells OCI from Docker archives', async () => {
  assert.equal(await checkArchive(await fileOf(buildImage(content).archive)), 'oci')
  assert.equal(await checkArchive(await fileOf(writeTar([{ path: 'manifest.json', mode: 0o644, content: Buffer.from('[]') }]))), 'docker')
})

const bad: [string, Buffer, RegExp][] = [
  ['an empty file', Buffer.alloc(0), /it is not a tar archive/],
  ['text', Buffer.alloc(2000, 'x'), /it is not a tar archive/],
  ['a compressed archive', gzipSync(buildImage(content).archive), /it is compressed, unpack it with gunzip first/],
  ['another tar', writeTar([{ path: 'x', mode: 0o644 }]), /neither an OCI archive .* nor a Docker archive/],
]
for (const [name, bytes, want] of bad) {
  test(`checkArchive() refuses ${name}`, async () => {
    const file = await fileOf(bytes)
    await assert.rejects(checkArchive(file), (err: unknown) => err instanceof Error && want.test(err.message) && err.message.includes(file))
  })
}

test('checkArchive() refuses a file that is not there', async () => {
  await assert.rejects(checkArchive('/nonexistent/x.tar'), /Cannot import image "\/nonexistent\/x\.tar": the file cannot be read/)
})
