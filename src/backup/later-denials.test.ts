import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRecord } from '../api/backup/record-line.ts'
import { deniedCredentials } from '../api/credentials/denied-credentials-names.ts'
import { linkFormat } from '../base/backup/backup-link.ts'
import type { ChangesLink } from './chain.ts'
import { laterDenials } from './later-denials.ts'

const sha256 = 'a'.repeat(64)
const list = (revision: number, data: object | undefined) =>
  formatRecord({ resource: 'configmaps', ...deniedCredentials, revision, sha256, bytes: data && Buffer.from(JSON.stringify({ data })) })
const rule = (revision: number, name: string, reason: string | undefined) => {
  const bytes = reason === undefined ? undefined : Buffer.from(JSON.stringify({ spec: { reason } }))
  return formatRecord({ resource: 'denyrules.bulkhead.dev', namespace: '', name, revision, sha256, bytes })
}

const packs = [
  Buffer.concat([list(3, { a: 'user-name:a' }), rule(4, 'early', 'x')]),
  Buffer.concat([rule(6, 'gone', 'x'), list(7, { b: 'user-name:b' }), rule(8, 'gone', undefined), rule(9, 'kept', 'y')]),
]
const changes = packs.map((_, at): ChangesLink => {
  const content = { kind: 'changes', after: at * 5, revision: at * 5 + 5, objects: 1, pack: { pack: String(at), bytes: 1 } } as const
  return { format: linkFormat, target: 't', cluster: 'c', number: at + 1, previous: '', time: '', recipients: [], content }
})
const read = async ({ pack }: { readonly pack: string }) => packs[Number(pack)] ?? assert.fail(pack)

test('laterDenials() finds the newest state of what was denied after a revision', async () => {
  assert.deepEqual(await laterDenials({ changes }, 0, read), {
    denials: { b: 'user-name:b' },
    rules: { early: { reason: 'x' }, gone: null, kept: { reason: 'y' } },
  })
  assert.deepEqual(await laterDenials({ changes }, 7, read), { denials: undefined, rules: { gone: null, kept: { reason: 'y' } } })
  assert.deepEqual(await laterDenials({ changes }, 10, read), { denials: undefined, rules: {} })
})
