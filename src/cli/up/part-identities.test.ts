import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseIdentity, partIdentity } from './part-identities.ts'

const nobody = () => false

test('chooseIdentity() gives different folders different users, and the same folder the same users', () => {
  const paths = Array.from({ length: 20 }, (_, index) => `/var/lib/cluster-${index}`)
  const signers = paths.map(path => chooseIdentity(path, undefined, nobody).signer)
  assert.ok(new Set(signers).size > 15, signers.join())
  for (const path of paths) assert.deepEqual(chooseIdentity(path, undefined, nobody), chooseIdentity(`${path}/`, undefined, nobody))
  for (const path of paths) {
    const { signer, server, controllers, dns } = chooseIdentity(path, undefined, nobody)
    assert.deepEqual([server - signer, controllers - signer, dns - signer, (signer - 64_701) % 4], [1, 2, 3, 0])
    assert.ok(signer >= 64_701 && dns <= 65_500)
  }
})

test('chooseIdentity() shares no user with a running process', () => {
  const first = chooseIdentity('/var/lib/a', undefined, nobody)
  for (const used of Object.values(first)) {
    const other = chooseIdentity('/var/lib/a', undefined, user => user === used)
    assert.equal(new Set([...Object.values(first), ...Object.values(other)]).size, 2 * Object.keys(first).length)
  }
})

test('chooseIdentity() keeps the owners of existing folders, whatever runs', () => {
  const all = () => true
  const first = {
    signer: 64_701,
    server: 64_702,
    controllers: 64_703,
    dns: 64_704,
    artifacts: 64_501,
    registryFront: 64_101,
    registryStore: 64_102,
    backup: 63_901,
    etcd: 63_701,
  }
  assert.deepEqual(chooseIdentity('/x', 64_701, all), first)
  const { dns, artifacts } = chooseIdentity('/x', 65_497, all)
  assert.deepEqual([dns, artifacts], [65_500, 64_700])
  // A folder of another user is not ours.
  const other = chooseIdentity('/x', undefined, nobody)
  for (const owner of [0, 1000, 64_702, 65_501]) assert.deepEqual(chooseIdentity('/x', owner, nobody), other)
})

test('partIdentity() sees the processes of this machine', () => {
  const { signer, dns } = partIdentity('/nowhere', '/nowhere/signer')
  assert.equal(dns - signer, 3)
})
