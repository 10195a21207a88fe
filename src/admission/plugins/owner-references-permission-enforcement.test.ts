import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replicaSet } from '../../api/resources/apps/replica-set.ts'
import { resources } from '../../api/resources/index.ts'
import { ask } from '../admission.fixture.ts'
import { createPlugin } from '../plugin-definition.ts'
import { servedKinds } from '../served-kinds.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'

const owner = (blockOwnerDeletion: boolean, kind = 'Deployment') => ({
  ...{ apiVersion: 'apps/v1', kind, name: 'd', uid: 'u' },
  blockOwnerDeletion,
})
const object = (...ownerReferences: ReturnType<typeof owner>[]) => ({ metadata: { name: 'r', namespace: 'n', ownerReferences } })

/** `rights` as `verb resource/subresource`. */
function admit(rights: string[], after: ReturnType<typeof object>, before?: ReturnType<typeof object>) {
  const plugin = createPlugin(ownerReferencesPermissionEnforcement, {
    kinds: servedKinds(resources),
    decide: () => async asked => {
      const wanted = `${asked.verb} ${asked.resource}${asked.subresource ? `/${asked.subresource}` : ''}`
      return rights.includes(wanted) ? { allowed: true, reason: '' } : { allowed: false, reason: `no right to ${wanted}` }
    },
  })
  return ask(plugin, { resource: replicaSet, object: after, ...(before ? { oldObject: before } : {}) })
}

test('ownerReferencesPermissionEnforcement requires the right to delete an object that gets another owner', async () => {
  assert.equal(
    await admit([], object(owner(false)), object()),
    'replicasets.apps "r" is forbidden: cannot set an ownerRef on a resource you can\'t delete: no right to delete replicasets, <nil>',
  )
  assert.equal(await admit(['delete replicasets'], object(owner(false)), object()), undefined)
  assert.equal(await admit([], object(owner(false)), object(owner(false))), undefined)
  assert.equal(await admit([], object(owner(false))), undefined)
})

test('ownerReferencesPermissionEnforcement asks about no more than 100 owners', async () => {
  const owners = (count: number) => Array.from({ length: count }, (_, at) => ({ ...owner(true), name: `d${at}`, uid: `u${at}` }))
  assert.equal(await admit(['update deployments/finalizers'], object(...owners(100))), undefined)
  assert.equal(
    await admit(['update deployments/finalizers'], object(...owners(101))),
    'replicasets.apps "r" is forbidden: cannot set blockOwnerDeletion on more than 100 owners at once',
  )
  const changed = object(...owners(200).map(known => ({ ...known, blockOwnerDeletion: false })), ...owners(0))
  assert.equal(await admit(['delete replicasets'], changed, object(...owners(200))), undefined)
})

test('ownerReferencesPermissionEnforcement wants the right to hold up the deletion of an owner', async () => {
  assert.match((await admit([], object(owner(true)))) ?? '', /can't set finalizers on: no right to update deployments\/finalizers, <nil>$/)
  assert.equal(await admit(['update deployments/finalizers'], object(owner(true))), undefined)
  assert.match((await admit(['delete replicasets'], object(owner(true)), object(owner(false)))) ?? '', /can't set finalizers on/)
  assert.match(
    (await admit([], object(owner(true, 'Nothing')))) ?? '',
    /cannot find RESTMapping for APIVersion apps\/v1 Kind Nothing: no matches for kind "Nothing" in version "apps\/v1"$/,
  )
})
