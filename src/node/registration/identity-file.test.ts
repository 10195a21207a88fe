import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { fillFrom, smallDisk, whyNoSmallDisk } from '../../base/testing/small-disk.testing.ts'
import { Client } from '../../client/client.ts'
import { certificateSigningRequests } from '../../client/resources.ts'
import { FakeApi } from '../../client/testing/fake-api.ts'
import { issueIdentity } from '../../cluster/client-identity.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import { ensureRoom, nodeUser, readIdentity, writeIdentity } from './identity-file.ts'
import { requestIdentity } from './join.ts'

function newFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pki-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}
const signer = createMemorySigner()
const issue = (node: string) => issueIdentity(signer, nodeUser(node), ['system:nodes'], 3600, AbortSignal.timeout(60_000))
const { certificate, key } = await issue('n1')
const other = await issue('n1')
const now = Date.now()

const cases: { name: string; files: readonly [certificate: string, key: string]; node?: string; at?: number; usable: boolean }[] = [
  { name: 'has what was stored', files: [certificate, key], usable: true },
  { name: 'has none of another node', files: [certificate, key], node: 'n2', usable: false },
  { name: 'has none that has expired', files: [certificate, key], at: now + 2 * 3_600_000, usable: false },
  { name: 'has none with the key of another', files: [certificate, other.key], usable: false },
  { name: 'has none where a power cut emptied the certificate', files: ['', key], usable: false },
  { name: 'has none where a power cut left half of the key', files: [certificate, key.slice(0, 90)], usable: false },
]
for (const { name, files, node = 'n1', at = now, usable } of cases) {
  test(`readIdentity() ${name}`, async t => {
    const want = usable ? { certificate, key } : undefined
    const pki = newFolder(t)
    await writeIdentity(pki, { certificate: files[0], key: files[1] })
    const found = await readIdentity(pki, node, at)
    assert.deepEqual(found && { certificate: found.certificate.trim(), key: found.key }, want && { certificate: certificate.trim(), key })
    const before = newFolder(t)
    writeFileSync(join(before, 'client.crt'), files[0])
    writeFileSync(join(before, 'client.key'), files[1])
    assert.deepEqual(await readIdentity(before, node, at), want)
  })
}

test('writeIdentity() stores both in one file that only its owner can read, in place of the two older files', async t => {
  const pki = newFolder(t)
  for (const name of ['client.crt', 'client.key']) writeFileSync(join(pki, name), '')
  await writeIdentity(pki, { certificate, key })
  assert.deepEqual(readdirSync(pki), ['client.pem'])
  assert.equal(statSync(join(pki, 'client.pem')).mode & 0o777, 0o600)
})

test('readIdentity() rejects if reading the disk fails', async t => {
  const pki = newFolder(t)
  mkdirSync(join(pki, 'client.pem'))
  await assert.rejects(readIdentity(pki, 'n1', now), { code: 'EISDIR' })
})

test('a full disk leaves the previous identity, and is reported before a ticket is spent', { skip: whyNoSmallDisk }, async t => {
  const disk = smallDisk(t, 256 << 10)
  const pki = join(disk, 'pki')
  await ensureRoom(pki)
  await writeIdentity(pki, { certificate, key })
  const free = fillFrom(disk)
  await assert.rejects(ensureRoom(pki), { code: 'ENOSPC', message: /ENOSPC: no space left on device.*'.*\/pki\/trial\.new'/ })
  await assert.rejects(writeIdentity(pki, other), { code: 'ENOSPC' })
  const api = new FakeApi(() => now)
  const joining = { client: new Client(api), pki, nodeName: 'n1', clock: systemClock, log: silentLogger }
  await assert.rejects(requestIdentity(joining, AbortSignal.timeout(60_000)), { code: 'ENOSPC' })
  assert.deepEqual(api.all(certificateSigningRequests), [])
  assert.deepEqual(readdirSync(pki), ['client.pem'])
  assert.equal((await readIdentity(pki, 'n1', now))?.key, key)
  free()
  await writeIdentity(pki, other)
  assert.equal((await readIdentity(pki, 'n1', now))?.key, other.key)
})
