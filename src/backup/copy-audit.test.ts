import assert from 'node:assert/strict'
import { test } from 'node:test'
import { copyAudit } from './copy-audit.ts'

test('copyAudit() leaves out a file that is gone when it is read, as a partial tile that became full', async () => {
  const { signal } = new AbortController()
  const files = [
    { name: 'audit-00000001.log', bytes: 4 },
    { name: 'tlog/tile/entries/004.p/17', bytes: 4 },
  ]
  const source = {
    changes: () => assert.fail('no changes'),
    auditFiles: async () => files,
    auditPiece: async (name: string) => (name.startsWith('tlog') ? undefined : Buffer.from('longer')),
    keys: () => assert.fail('no keys'),
  }
  const stored: string[] = []
  const copied = await copyAudit(
    source,
    [],
    async piece => {
      stored.push(piece.toString())
      return { pack: 'p', bytes: piece.length }
    },
    signal,
  )
  assert.deepEqual(copied, [{ name: 'audit-00000001.log', bytes: 4, packs: [{ pack: 'p', bytes: 4 }] }])
  assert.deepEqual(stored, ['long'])
})
