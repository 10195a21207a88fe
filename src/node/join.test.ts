import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { issueIdentity } from '../cluster/client-identity.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import { nodeUser, readIdentity } from './join.ts'

const pki = await mkdtemp(join(tmpdir(), 'pki-'))
after(() => rm(pki, { recursive: true }))
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
  test(`readIdentity() ${name}`, async () => {
    await writeFile(join(pki, 'client.crt'), files[0])
    await writeFile(join(pki, 'client.key'), files[1])
    assert.deepEqual(await readIdentity(pki, node, at), usable ? { certificate, key } : undefined)
  })
}
