import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerAccounts } from '../access/bootstrap-policy/controller-accounts.ts'
import { controllersOf } from '../controllers/index.ts'

test('controllerAccounts has the account of every controller: the signer certifies no other', () => {
  for (const { name, identity = name } of controllersOf({ allocateNodeCidrs: true, bootstrapTokens: true, denyDeletedNodes: true }))
    assert.ok(controllerAccounts.includes(identity), identity)
})
